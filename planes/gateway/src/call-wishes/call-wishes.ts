/**
 * What a request says itself about retries and fallbacks, in LiteLLM's words: fields of the body, or headers for
 * clients whose bodies are what they are. They change how this call is routed and nothing else: a model in another's
 * place is one that the key may call, and what may be charged is reserved for as ever (R3).
 */
import type { IncomingHttpHeaders } from 'node:http';

import { Fault } from '@sagewai/fault';
import type { StreamInput } from '@sagewai/http';
import { isObject } from '@sagewai/translate';

import { cutFields } from '../bytes/cut-fields.ts';
import { isAmbiguous } from '../calls/find-allowed.ts';
import type { Fallbacks } from '../routing/fallbacks.ts';

export interface CallWishes {
  /** Attempts after the first; undefined: as configured. */
  readonly retries: number | undefined;
  /** In the place of those that are configured, of each kind that it names. */
  readonly fallbacks: Partial<
    Pick<Fallbacks, 'generic' | 'context' | 'contentPolicy' | 'budget' | 'byDefault'>
  >;
}

const FIELDS = [
  'num_retries',
  'fallbacks',
  'context_window_fallbacks',
  'content_policy_fallbacks',
  'disable_fallbacks',
] as const;
const RETRIES_HEADERS = ['x-sagewai-num-retries', 'x-litellm-num-retries'] as const;
const FALLBACKS_HEADER = 'x-sagewai-fallbacks';
/** However many are asked for: each may have to be reserved for, and waited for. */
export const RETRIES_MAX = 10;
const MODELS_MAX = 10;

type Fields = Readonly<Partial<Record<(typeof FIELDS)[number], unknown>>>;

/** Undefined for a call that says nothing, as almost every call does; else the call as it goes on. */
export function readWishes(
  input: StreamInput,
): { readonly input: StreamInput; readonly wishes: CallWishes } | undefined {
  const { headers } = input.request;
  const body = input.body as Fields;
  const inBody = FIELDS.some((name) => body[name] !== undefined);
  const inHeaders =
    headers[FALLBACKS_HEADER] !== undefined ||
    RETRIES_HEADERS.some((name) => headers[name] !== undefined);
  if (!inBody && !inHeaders) return undefined;
  const wishes = { retries: readRetries(body, headers), fallbacks: readFallbacks(body, headers) };
  return { input: inBody ? withoutFields(input) : input, wishes };
}

/** What the configuration says, and what the call says in its place. */
export const wished = (configured: Fallbacks, { fallbacks }: CallWishes): Fallbacks => ({
  ...configured,
  ...fallbacks,
});

/** No provider knows them. */
function withoutFields(input: StreamInput): StreamInput {
  const cut = cutFields(input.raw, FIELDS);
  if (cut.kind === 'ambiguous') throw isAmbiguous(cut.name);
  const body = Object.fromEntries(
    Object.entries(input.body as object).filter(([name]) => !FIELDS.some((each) => each === name)),
  );
  return { ...input, body, raw: cut.body };
}

function readRetries(
  { num_retries: said }: Fields,
  headers: IncomingHttpHeaders,
): number | undefined {
  const name = RETRIES_HEADERS.find((each) => headers[each] !== undefined);
  const given = name === undefined ? said : headers[name];
  if (given === undefined || given === null) return undefined;
  const text = typeof given === 'number' || typeof given === 'string' ? String(given) : '';
  if (/^\d{1,9}$/.test(text)) return Math.min(Number(text), RETRIES_MAX);
  throw mistaken(name ?? 'num_retries', 'must be a number of retries, 0 or more', name);
}

function readFallbacks(body: Fields, headers: IncomingHttpHeaders): CallWishes['fallbacks'] {
  if (body.disable_fallbacks === true) return NONE;
  const header = headers[FALLBACKS_HEADER];
  const listed =
    typeof header === 'string' ? header.split(',').map((name) => name.trim()) : body.fallbacks;
  const generic = readModels('fallbacks', listed, typeof header === 'string');
  const context = readModels('context_window_fallbacks', body.context_window_fallbacks);
  const contentPolicy = readModels('content_policy_fallbacks', body.content_policy_fallbacks);
  return {
    ...(generic === undefined ? {} : { generic: generic.ofModel, byDefault: generic.ofAny }),
    ...(context === undefined ? {} : { context: context.ofModel }),
    ...(contentPolicy === undefined ? {} : { contentPolicy: contentPolicy.ofModel }),
  };
}

const NONE: CallWishes['fallbacks'] = {
  generic: new Map(),
  context: new Map(),
  contentPolicy: new Map(),
  budget: new Map(),
  byDefault: [],
};

interface Chains {
  readonly ofModel: ReadonlyMap<string, readonly string[]>;
  readonly ofAny: readonly string[];
}

/** `["b", "c"]`, `[{"model": "b"}]`, or as a router has it: `[{"a": ["b"]}]`. */
function readModels(field: string, said: unknown, isHeader = false): Chains | undefined {
  if (said === undefined || said === null) return undefined;
  const ofModel = new Map<string, readonly string[]>();
  const ofAny: string[] = [];
  const fail = (): never => {
    const what = 'must be a list of models, like ["b", "c"] or [{"a": ["b"]}], at most 10 of them';
    throw mistaken(isHeader ? FALLBACKS_HEADER : field, what, isHeader ? field : undefined);
  };
  if (!Array.isArray(said) || said.length > MODELS_MAX) fail();
  for (const each of said as readonly unknown[]) {
    if (isName(each)) {
      ofAny.push(each);
      continue;
    }
    // One with messages of its own would be another call.
    const entries = isObject(each) ? Object.entries(each) : [];
    const [[model, chain] = ['', null]] = entries;
    if (entries.length !== 1) fail();
    if (model === 'model' && isName(chain)) ofAny.push(chain);
    else if (isNames(chain)) ofModel.set(model, chain);
    else fail();
  }
  return { ofModel, ofAny };
}

const isName = (value: unknown): value is string =>
  typeof value === 'string' && value.length > 0 && value.length <= 300;

const isNames = (value: unknown): value is string[] =>
  Array.isArray(value) && value.length <= MODELS_MAX && value.every(isName);

function mistaken(name: string, message: string, header?: string): Fault {
  return new Fault('request.invalid', `${name} cannot be read`, {
    detail: `${name} ${message}.`,
    mistakes: [{ part: header === undefined ? 'body' : 'headers', path: `/${name}`, message }],
  });
}
