import type { Static, TSchema } from 'typebox';

import type { Permission } from './permissions.ts';

/** Which client parses the answer: it picks the shape of errors and what happens to unknown fields. */
export type Surface =
  | 'own'
  | 'fleet'
  | 'openai'
  | 'anthropic'
  | 'litellm'
  | 'sage'
  | 'ollama'
  | 'scim';

/**
 * How an operation is recorded in the audit log.
 *
 * - `record`: one chain entry in the handler's own transaction; a refusal gets one in its own.
 * - `batch`: happens thousands of times a second; the handler's group commit writes one entry with the
 *   digest of its records. Refusals are still recorded one by one.
 * - `read`: changes nothing. Only refusals (401, 403) are recorded.
 * - `skip`: open, harmless and frequent (health): nobody is asked who they are, so what is answered
 *   cannot depend on it. Needs a line in `tools/conventions.test.ts`.
 */
export type AuditMode = 'record' | 'batch' | 'read' | 'skip';

/** What a caller, the server, the client libraries and the documentation agree on about one operation. */
export interface Endpoint<
  Params extends TSchema = TSchema,
  Query extends TSchema = TSchema,
  Body extends TSchema = TSchema,
  Output extends TSchema = TSchema,
  Id extends string = string,
> {
  /** Stable and unique, `plane.verbNoun`; OpenAPI's operationId. */
  readonly id: Id;
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** OpenAPI style, `/api/v1/runs/{run_id}`. */
  readonly path: `/${string}`;
  /** Other paths that mean the same, with the same parameters: what clients of others are used to. */
  readonly aliases?: readonly `/${string}`[];
  readonly surface: Surface;
  readonly summary: string;
  /** `public` is a decision like any other, and listed in `tools/conventions.test.ts`. */
  readonly permission: Permission | 'public';
  readonly audit: AuditMode;
  /** Somebody who is signed in must have proved of late who they are. Tokens are not asked. */
  readonly fresh?: true;
  readonly params?: Params;
  readonly query?: Query;
  readonly body?: Body;
  /** The body of a success. A union when several are possible. */
  readonly output: Output;
  /** The status of a success; 200 unless said. 204 answers without a body. */
  readonly status?: 200 | 201 | 202 | 204;
  /** What a success may come as; JSON unless said. The first is the usual one. */
  readonly mediaTypes?: readonly [string, ...string[]];
  /**
   * What its body comes as; JSON unless said. A form has a process-wide limit of its own. `raw` is whatever
   * its sender says: the handler is given the bytes, and nothing is parsed before it.
   */
  readonly bodyType?: 'json' | 'form' | 'raw';
  /** Overrides the process-wide limit, in bytes. */
  readonly bodyBytesMax?: number;
}

export type ParamsOf<E> =
  E extends Endpoint<infer P, TSchema, TSchema, TSchema> ? Static<P> : never;
export type QueryOf<E> = E extends Endpoint<TSchema, infer Q, TSchema, TSchema> ? Static<Q> : never;
export type BodyOf<E> = E extends Endpoint<TSchema, TSchema, infer B, TSchema> ? Static<B> : never;
export type OutputOf<E> =
  E extends Endpoint<TSchema, TSchema, TSchema, infer O> ? Static<O> : never;

export function endpoint<
  Params extends TSchema,
  Query extends TSchema,
  Body extends TSchema,
  Output extends TSchema,
  const Id extends `${string}.${string}`,
>(declared: Endpoint<Params, Query, Body, Output, Id>): Endpoint<Params, Query, Body, Output, Id> {
  return declared;
}
