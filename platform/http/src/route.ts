import type { ServerResponse } from 'node:http';

import type { Tx } from '@sagewai/postgres';
import type { Endpoint, OrganizationId } from '@sagewai/wire';
import type { Static, TSchema } from 'typebox';

import type { AuditNote } from './audit.ts';
import type { Caller } from './caller.ts';
import type { RequestHead } from './request-head.ts';

/** What every handler is given. The schemas decide the types; an undeclared part is `unknown`. */
interface Input<Params extends TSchema, Query extends TSchema, Body extends TSchema> {
  readonly params: Static<Params>;
  readonly query: Static<Query>;
  readonly body: Static<Body>;
  readonly caller: Caller;
  readonly request: RequestHead;
}

export interface OwnInput<
  Params extends TSchema = TSchema,
  Query extends TSchema = TSchema,
  Body extends TSchema = TSchema,
> extends Input<Params, Query, Body> {
  readonly audit: AuditNote;
  /** A header of the success, by its lower-case name. */
  readonly setHeader: (name: string, value: string) => void;
}

export interface TenantInput<
  Params extends TSchema = TSchema,
  Query extends TSchema = TSchema,
  Body extends TSchema = TSchema,
> extends OwnInput<Params, Query, Body> {
  /** The one organization whose rows `tx` sees. */
  readonly orgId: OrganizationId;
  readonly tx: Tx;
}

export interface PlatformInput<
  Params extends TSchema = TSchema,
  Query extends TSchema = TSchema,
  Body extends TSchema = TSchema,
> extends OwnInput<Params, Query, Body> {
  /** Sees no tenant's rows. */
  readonly tx: Tx;
}

export interface StreamInput<
  Params extends TSchema = TSchema,
  Query extends TSchema = TSchema,
  Body extends TSchema = TSchema,
> extends Input<Params, Query, Body> {
  /** The body as it arrived, within the size limit; `body` is it, parsed and checked. */
  readonly raw: Buffer;
  /** Node's own response. What is thrown before its head is sent becomes an answer. */
  readonly reply: ServerResponse;
}

/** Which organization a transaction belongs to. */
export interface TenantChoice {
  readonly organization: (caller: Caller) => OrganizationId | null;
}

const OF_THE_CALLER: TenantChoice = { organization: (caller) => caller.orgId };

/** How a handler is run; types are erased here so that routes can be listed. */
export type Binding =
  | {
      readonly kind: 'tenant';
      readonly organization: TenantChoice['organization'];
      readonly handle: (input: TenantInput) => Promise<unknown>;
    }
  | { readonly kind: 'platform'; readonly handle: (input: PlatformInput) => Promise<unknown> }
  | { readonly kind: 'own'; readonly handle: (input: OwnInput) => Promise<unknown> }
  | {
      readonly kind: 'stream';
      readonly handle: (input: StreamInput) => Promise<void>;
      readonly hasOwnHead: boolean;
    };

/** An endpoint bound to its handler. */
export interface Route {
  readonly endpoint: Endpoint;
  readonly binding: Binding;
}

/**
 * Runs the handler in a transaction that sees the caller's organization and nothing else; with
 * `audit: 'record'` the entry is appended in it. A caller without organization is refused with
 * `organization.required`, unless `tenant` says which one (an endpoint that creates an organization
 * makes its id there, and the new chain starts with its own creation).
 *
 * The answer is serialised before the commit, so that output which does not match changes nothing.
 */
export function implement<
  Params extends TSchema,
  Query extends TSchema,
  Body extends TSchema,
  Output extends TSchema,
>(
  endpoint: Endpoint<Params, Query, Body, Output>,
  handle: (input: TenantInput<Params, Query, Body>) => Promise<NoInfer<Static<Output>>>,
  tenant: TenantChoice = OF_THE_CALLER,
): Route {
  const erased = handle as (input: TenantInput) => Promise<unknown>;
  return {
    endpoint,
    binding: { kind: 'tenant', organization: tenant.organization, handle: erased },
  };
}

/** As `implement`, for what belongs to no organization: the transaction sees no tenant's rows. */
export function implementPlatform<
  Params extends TSchema,
  Query extends TSchema,
  Body extends TSchema,
  Output extends TSchema,
>(
  endpoint: Endpoint<Params, Query, Body, Output>,
  handle: (input: PlatformInput<Params, Query, Body>) => Promise<NoInfer<Static<Output>>>,
): Route {
  const erased = handle as (input: PlatformInput) => Promise<unknown>;
  return { endpoint, binding: { kind: 'platform', handle: erased } };
}

/**
 * For handlers with network I/O, long polls and batches: they open their own transactions and append
 * the entry of a success through their plane. Refusals and faults are recorded for them.
 */
export function implementOwn<
  Params extends TSchema,
  Query extends TSchema,
  Body extends TSchema,
  Output extends TSchema,
>(
  endpoint: Endpoint<Params, Query, Body, Output>,
  handle: (input: OwnInput<Params, Query, Body>) => Promise<NoInfer<Static<Output>>>,
): Route {
  const erased = handle as (input: OwnInput) => Promise<unknown>;
  return { endpoint, binding: { kind: 'own', handle: erased } };
}

/**
 * The hot path: the body's bytes in, Node's response out. Nothing is serialised for the handler. One with
 * `hasOwnHead` writes `x-request-id` itself, in the object of its other headers: a head of two sources
 * takes Node three times as long.
 */
export function implementStream<
  Params extends TSchema,
  Query extends TSchema,
  Body extends TSchema,
  Output extends TSchema,
>(
  endpoint: Endpoint<Params, Query, Body, Output>,
  handle: (input: StreamInput<Params, Query, Body>) => Promise<void>,
  { hasOwnHead = false }: { readonly hasOwnHead?: boolean } = {},
): Route {
  const erased = handle as (input: StreamInput) => Promise<void>;
  return { endpoint, binding: { kind: 'stream', handle: erased, hasOwnHead } };
}
