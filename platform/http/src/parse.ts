import { isUtf8 } from 'node:buffer';

import { Fault } from '@sagewai/fault';
import type { Endpoint, Mistake } from '@sagewai/wire';
import { type TSchema, Type } from 'typebox';

import { closeSchema } from './close-schema.ts';
import { compileDropUnknown } from './drop-unknown.ts';
import { type FormFields, readForm } from './read-form.ts';
import { UNKNOWN_FIELDS } from './unknown-fields.ts';
import type { Part, Validate, Validators } from './validators.ts';

/** The parts of a request as its endpoint declares them. */
export interface Parts {
  readonly params: unknown;
  readonly query: unknown;
  readonly body: unknown;
}

export interface RawParts {
  readonly params: unknown;
  readonly query: unknown;
  /** Undefined or empty when nothing was sent. */
  readonly body: Buffer | undefined;
  /** Needed for a form. */
  readonly contentType?: string | undefined;
}

/** Throws `request.malformed` or `request.invalid`, which names every mistake. */
export type Parse = (raw: RawParts) => Parts;

/** Compiles the schemas of an endpoint. `countUnknown` is told how many fields were dropped. */
export function compileParse(
  endpoint: Endpoint,
  validators: Validators,
  countUnknown: (fields: number) => void,
): Parse {
  const check = (part: Part): Validate =>
    compileCheck({ endpoint, part, validators, countUnknown });
  const [checkParams, checkQuery, checkBody] = [check('params'), check('query'), check('body')];
  const emptyBody = endpoint.body === undefined ? undefined : emptyOf(endpoint.body);
  const isForm = endpoint.bodyType === 'form';
  const isRaw = endpoint.bodyType === 'raw';
  return ({ params, query, body: bytes, contentType }) => {
    const hasBody = !isRaw && bytes !== undefined && bytes.length > 0;
    const parse = (given: Buffer): unknown =>
      isForm ? parseForm(given, contentType) : parseJson(given);
    const body = hasBody ? parse(bytes) : emptyBody?.();
    const mistakes = [
      ...checkParams(params, 0),
      ...checkQuery(query, 0),
      ...(isRaw ? [] : checkBody(body, bytes?.length ?? 0)),
    ];
    if (mistakes.length > 0) throw invalid(mistakes);
    return { params, query, body };
  };
}

function compileCheck(of: {
  endpoint: Endpoint;
  part: Part;
  validators: Validators;
  countUnknown: (fields: number) => void;
}): Validate {
  const { endpoint, part, validators, countUnknown } = of;
  const unknownFields = UNKNOWN_FIELDS[endpoint.surface];
  const declared = endpoint[part];
  if (declared === undefined && (part === 'params' || unknownFields === 'pass')) return () => [];
  const compiled = (compiledOf.get(endpoint) ?? compiledOf.set(endpoint, {}).get(endpoint)) as {
    [Name in Part]?: Compiled;
  };
  const { validate, drop } = (compiled[part] ??= compilePart({ endpoint, part, validators }));
  return (value, bytes) => {
    if (declared === undefined && value === undefined) return [];
    const dropped = drop?.(value) ?? 0;
    if (dropped > 0) countUnknown(dropped);
    return validate(value, bytes);
  };
}

interface Compiled {
  readonly validate: Validate;
  /** Null: unknown fields are refused, or pass. */
  readonly drop: ((value: unknown) => number) | null;
}

/** An endpoint is compiled once a process, however many apps serve it: it is the most of what making one costs. */
const compiledOf = new WeakMap<Endpoint, { [Name in Part]?: Compiled }>();

function compilePart(of: { endpoint: Endpoint; part: Part; validators: Validators }): Compiled {
  const { endpoint, part, validators } = of;
  const unknownFields = UNKNOWN_FIELDS[endpoint.surface];
  // Clients that always send `{}` are as welcome as those that send nothing.
  const schema = endpoint[part] ?? Type.Object({});
  const refuses = unknownFields === 'refuse';
  return {
    validate: validators.compile(part, endpoint.surface, refuses ? closeSchema(schema) : schema),
    drop: unknownFields === 'drop' ? compileDropUnknown(schema) : null,
  };
}

/** No body means "all defaults" where an object is expected. */
function emptyOf(schema: TSchema): () => unknown {
  return 'type' in schema && schema.type === 'object' ? () => ({}) : () => undefined;
}

function parseJson(bytes: Buffer): unknown {
  // Otherwise a broken byte would become U+FFFD without anybody noticing.
  if (!isUtf8(bytes)) throw malformed('The body is not UTF-8.');
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch {
    // Without its cause: the parser's own words quote the body, which may hold secrets.
    throw malformed('The body is not JSON.');
  }
}

function parseForm(bytes: Buffer, contentType: string | undefined): FormFields {
  const read = readForm(bytes, contentType);
  if (read.kind === 'malformed') throw malformed(`The form cannot be read: ${read.because}.`);
  return read.fields;
}

function malformed(detail: string): Fault {
  return new Fault('request.malformed', 'body does not parse', { detail });
}

function invalid(mistakes: readonly Mistake[]): Fault {
  const detail = mistakes.map(({ part, path, message }) => `${part}${path} ${message}`).join('; ');
  return new Fault('request.invalid', 'input does not match', { detail, mistakes });
}
