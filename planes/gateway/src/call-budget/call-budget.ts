/**
 * What a call brings along for itself: how long it may take, how much may be answered, what it may cost.
 * Headers say it, else `metadata` of the body, else (for the time) LiteLLM's field `timeout`.
 */
import type { IncomingHttpHeaders } from 'node:http';

import { Fault } from '@sagewai/fault';
import { isObject, type JsonObject } from '@sagewai/translate';
import { parseUsd, type PicoUsd, USD_PATTERN } from '@sagewai/wire';

export interface CallBudget {
  /** To the end of a whole answer, to the first piece of a stream; over all attempts. */
  readonly timeoutMs: number | undefined;
  /** Of the answer, over all choices. */
  readonly outputTokensMax: number | undefined;
  readonly costMaxPusd: PicoUsd | undefined;
  /** Whether the body has LiteLLM's `timeout`, which providers do not know. */
  readonly hasField: boolean;
}

const TIMEOUT = { header: 'x-sagewai-timeout', name: 'sagewai_timeout' } as const;
const TOKENS = { header: 'x-sagewai-max-tokens', name: 'sagewai_max_tokens' } as const;
const COST = { header: 'x-sagewai-max-cost', name: 'sagewai_max_cost' } as const;

/** Undefined for a call that says nothing, as almost every call does. */
export function readCallBudget(
  headers: IncomingHttpHeaders,
  body: unknown,
): CallBudget | undefined {
  const { metadata, timeout } = body as { readonly metadata?: unknown; readonly timeout?: unknown };
  const named = isObject(metadata) ? metadata : undefined;
  const time = headers[TIMEOUT.header] ?? ofLitellm(headers, body) ?? named?.[TIMEOUT.name];
  const tokens = headers[TOKENS.header] ?? named?.[TOKENS.name];
  const cost = headers[COST.header] ?? named?.[COST.name];
  const hasField = timeout !== undefined;
  if (time === undefined && tokens === undefined && cost === undefined && !hasField)
    return undefined;
  return {
    timeoutMs: time === undefined ? readField(timeout) : readTime(time),
    outputTokensMax: tokens === undefined ? undefined : readTokens(tokens),
    costMaxPusd: cost === undefined ? undefined : readCost(cost),
    hasField,
  };
}

/** LiteLLM's headers, in seconds; of a stream its own time stands before the other. */
function ofLitellm(headers: IncomingHttpHeaders, body: unknown): unknown {
  const time = headers['x-litellm-timeout'];
  const { stream } = body as { readonly stream?: unknown };
  return stream === true ? (headers['x-litellm-stream-timeout'] ?? time) : time;
}

/**
 * Whether it says what it may cost. All of that may be gone with an attempt that may have been charged: no
 * other is made beside it or after it.
 */
export const isCostBound = ({ budget }: { readonly budget: CallBudget | undefined }): boolean =>
  budget?.costMaxPusd !== undefined;

/** As a provider of another format may read it. */
export function withoutTimeout(given: JsonObject): JsonObject {
  const { timeout: _, ...body } = given;
  return body;
}

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000 };
const TIMEOUT_MS_MAX = 3_600_000;

function readTime(given: unknown): number {
  const [, count = '', unit = 's'] = /^(\d{1,7}(?:\.\d{1,6})?)(ms|s|m)?$/.exec(String(given)) ?? [];
  const ms = Math.ceil(Number(count || Number.NaN) * (UNITS[unit] ?? Number.NaN));
  if (ms > 0 && ms <= TIMEOUT_MS_MAX) return ms;
  throw mistaken(TIMEOUT.header, 'must be like 800ms, 30s or 2m, at most an hour');
}

/** Seconds; null says nothing. */
function readField(given: unknown): number | undefined {
  if (given === undefined || given === null) return undefined;
  const ms = typeof given === 'number' ? Math.ceil(given * 1_000) : 0;
  if (ms > 0 && ms <= TIMEOUT_MS_MAX) return ms;
  throw mistaken('timeout', 'must be a number of seconds, at most an hour', 'body');
}

function readTokens(given: unknown): number {
  const text = String(given);
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text);
  throw mistaken(TOKENS.header, 'must be a number of tokens, from 1');
}

const USD = new RegExp(USD_PATTERN);

function readCost(given: unknown): PicoUsd {
  const text = String(given);
  if (USD.test(text)) return parseUsd(text);
  throw mistaken(COST.header, 'must be US dollars, like 0.05');
}

function mistaken(name: string, message: string, part: 'headers' | 'body' = 'headers'): Fault {
  return new Fault('request.invalid', `${name} cannot be read`, {
    detail: `${name} ${message}.`,
    mistakes: [{ part, path: `/${name}`, message }],
  });
}
