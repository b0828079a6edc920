import { Fault } from '@sagewai/fault';

import { ANONYMOUS, type Caller } from './caller.ts';
import type { RequestHead } from './request-head.ts';

/**
 * Reads one kind of credential.
 *
 * `null` means: there is no credential of my kind. A credential of its kind that is wrong, expired or
 * revoked is `Fault('caller.unknown')`. A reader that answers from memory returns a plain value, and
 * the request is not put off to a later tick.
 */
export interface CredentialReader {
  read(head: RequestHead): Caller | null | Promise<Caller | null>;
}

/** Tells who is calling; anonymous when there is no credential at all. */
export type Authenticator = (head: RequestHead) => Caller | Promise<Caller>;

/**
 * Asks each reader in turn. The first that knows the credential decides: its refusal is final, so that
 * a bad credential never falls through to a reader that might take it for something else (H3).
 */
export function createAuthenticator(readers: readonly CredentialReader[]): Authenticator {
  return (head) => ask(readers, 0, head);
}

function ask(
  readers: readonly CredentialReader[],
  first: number,
  head: RequestHead,
): Caller | Promise<Caller> {
  for (let at = first; at < readers.length; at++) {
    const answer = readers[at]?.read(head) ?? null;
    if (answer instanceof Promise) {
      return answer.then((caller) => caller ?? ask(readers, at + 1, head));
    }
    if (answer !== null) return answer;
  }
  return nobody(head);
}

/** Where credentials stand, whatever their kind, as their senders spell it. */
const PLACES = ['Authorization', 'X-Api-Key', 'X-Worker-Secret'] as const;

/** A credential that no reader knows is a bad one, not a missing one (H3). */
function nobody({ headers }: RequestHead): Caller {
  const place = PLACES.find((name) => headers[name.toLowerCase()] !== undefined);
  if (place === undefined) return ANONYMOUS;
  throw new Fault('caller.unknown', `no reader knows the header ${place}`, {
    detail: `The header ${place} holds no credential that is known here.`,
  });
}
