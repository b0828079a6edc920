/**
 * The ids of responses that a provider keeps. One provider's account serves many projects, so its own ids would
 * open what one project said to another. A client is told an id that only we can read, which says where the
 * response is kept, under which credential, and whose it is; nothing has to be stored for that.
 *
 *   K1. An id opens for the project that it was sealed for, and for no other.
 *   K2. Whoever follows up reaches the deployment that keeps the response, and no other.
 *   K3. The provider's own id is never told, and never taken.
 */
import { open, seal, type SealingKey } from '@sagewai/crypto';
import type { Caller } from '@sagewai/http';

/** The present key first. */
export type ResponseKeys = readonly [SealingKey, ...SealingKey[]];

/** Where a response is kept. */
export interface KeptAt {
  readonly deployment: string;
  /** The provider's. */
  readonly id: string;
  /** The reservation of one that is made in the background. */
  readonly call?: string | undefined;
}

type Owner = Pick<Caller, 'orgId' | 'projectId'>;

const PREFIX = 'resp_';
const SEALED = `${PREFIX}s1.`;

/** Whether an id is one of those that are made here; it may still be another project's. */
export const isSealed = (id: string): boolean => id.startsWith(SEALED);

export function sealId([key]: ResponseKeys, owner: Owner, at: KeptAt): string {
  const said = JSON.stringify([at.deployment, at.id, ...(at.call === undefined ? [] : [at.call])]);
  return PREFIX + seal(key, said, contextOf(owner));
}

/** Null: it is none of this project's (K1). */
export function openId(keys: ResponseKeys, owner: Owner, id: string): KeptAt | null {
  if (!isSealed(id)) return null; // K3
  const opened = open(keys, id.slice(PREFIX.length), contextOf(owner));
  if (opened.kind === 'refused') return null;
  const [deployment, kept, call] = JSON.parse(opened.data.toString()) as [string, string, string?];
  return { deployment, id: kept, ...(call === undefined ? {} : { call }) };
}

const contextOf = ({ orgId, projectId }: Owner): string =>
  `kept-response/${orgId ?? ''}/${projectId ?? ''}`;
