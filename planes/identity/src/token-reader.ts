import type { Clock } from '@sagewai/clock';
import { hashToken } from '@sagewai/crypto';
import { Fault } from '@sagewai/fault';
import type { Caller, CredentialReader, RequestHead } from '@sagewai/http';
import type { ProjectId } from '@sagewai/wire';

import { type BreakGlassOptions, createBreakGlassUses } from './break-glass/use-break-glass.ts';
import { findToken, header } from './find-token.ts';
import { type Claim, resolveCaller, type TokenDetail } from './resolve-caller.ts';
import { type AccountDetail, actByGrants } from './roles/grants.ts';
import { isOfTheWholeOrganization } from './roles/whole-organization.ts';
import { TOKEN_PREFIX, TOKEN_TRUST_MS } from './token.ts';

const CALLERS_MAX = 10_000;

export interface TokenReader extends CredentialReader {
  /** Forgets what is remembered of a token, so that its revocation holds at once on this replica. */
  forget(id: string): void;
}

interface Remembered {
  readonly caller: Caller;
  readonly readMs: number;
}

interface Asking {
  readonly answer: Promise<Caller | null>;
  readonly readMs: number;
}

/**
 * Reads access tokens. A caller is remembered for half a second, counted from before the database was
 * asked, so that a revoked token is dead within a second on every replica (I3). Only good ones are
 * remembered; requests that ask for the same one together ask the database once, unless the one that
 * asked first has waited so long that its answer would be too old.
 */
export function createTokenReader({
  db,
  clock,
  ...rest
}: BreakGlassOptions & { readonly clock: Clock }): TokenReader {
  const breakGlass = createBreakGlassUses({ db, ...rest });
  const remembered = new Map<string, Remembered>();
  const asking = new Map<string, Asking>();
  const isFresh = ({ readMs }: { readonly readMs: number }): boolean =>
    clock.monotonicMs() - readMs < TOKEN_TRUST_MS;

  const resolve = async (key: string, claim: Claim, readMs: number): Promise<Caller | null> => {
    const caller = await resolveCaller(db, breakGlass, claim);
    if (caller === null || isAskedEachTime(caller)) return caller; // I13, G3
    if (remembered.size >= CALLERS_MAX) remembered.clear();
    remembered.set(key, { caller, readMs });
    return caller;
  };

  const ask = (key: string, claim: Claim): Promise<Caller | null> => {
    const asked = asking.get(key);
    if (asked && isFresh(asked)) {
      // What another used up is not ours (I13): whoever asks after it learns that it is gone.
      return asked.answer.then((caller) =>
        caller !== null && isAskedEachTime(caller)
          ? resolve(key, claim, clock.monotonicMs())
          : caller,
      );
    }
    const readMs = clock.monotonicMs();
    const answer = resolve(key, claim, readMs).finally(() => {
      if (asking.get(key)?.answer === answer) asking.delete(key);
    });
    asking.set(key, { answer, readMs });
    return answer;
  };

  return {
    read: (head) => {
      const token = findToken(head.headers);
      if (token === null) return null;
      const claim = claimOf(token, head);
      const key = keyOf(claim);
      const known = remembered.get(key);
      if (known && isFresh(known)) return admit(known.caller, head);
      remembered.delete(key);
      return ask(key, claim).then((caller) => (caller ? admit(caller, head) : nobody(token)));
    },
    forget: (id) => {
      for (const [key, { caller }] of remembered) if (caller.id === id) remembered.delete(key);
    },
  };
}

function claimOf(token: string, { id, ip, headers, endpoint }: RequestHead): Claim {
  // Who creates an organization may name it before it exists.
  const named = endpoint.permission !== 'organization:create';
  return {
    hash: hashToken(token),
    organization: named ? header(headers, 'x-organization') : undefined,
    project: header(headers, 'x-project-id'),
    request: { id, address: ip, endpoint: endpoint.id },
  };
}

/** What is not named and what is named `undefined` are two. */
function keyOf({ hash, organization, project }: Claim): string {
  return JSON.stringify([hash.toString('base64'), organization, project]);
}

function admit(caller: Caller, { endpoint: { permission } }: RequestHead): Caller {
  if (boundProject(caller) !== null && isOfTheWholeOrganization(permission)) {
    throw new Fault('caller.forbidden', `token ${caller.id} is bound to a project`, {
      detail: 'This access token is bound to one project; this concerns the whole organization.',
    });
  }
  const { grants } = caller.detail as TokenDetail;
  return grants === undefined ? caller : actByGrants(caller, grants, permission);
}

function isAskedEachTime({ detail }: Caller): boolean {
  const { isSingleUse, isBreakGlass } = detail as TokenDetail;
  return isSingleUse === true || isBreakGlass === true;
}

/** A token of ours is a bad one. Anything else may be another reader's. */
function nobody(token: string): null {
  if (!token.startsWith(TOKEN_PREFIX)) return null;
  throw new Fault('caller.unknown', 'the access token is not known', {
    detail: 'The access token is not known here, or was revoked.',
  });
}

/** The only project that the caller's token or roles are good for; null when they are good for all. */
export function boundProject(caller: Caller): ProjectId | null {
  if (caller.kind !== 'token' && caller.kind !== 'account') return null;
  return (caller.detail as TokenDetail | AccountDetail | undefined)?.boundProjectId ?? null;
}
