import type { Clock } from '@sagewai/clock';
import { hashToken } from '@sagewai/crypto';
import { Fault } from '@sagewai/fault';
import type { Caller, CredentialReader, RequestHead } from '@sagewai/http';
import { type Db, inTenant, type Tx } from '@sagewai/postgres';
import { type AccountId, getAdminHealth, type OrganizationId } from '@sagewai/wire';

import { findCredential } from '../credentials.sql.ts';
import { header } from '../find-token.ts';
import { demandOwn, resolveProject } from '../resolve-caller.ts';
import { type AccountDetail, actByGrants, type Grants } from '../roles/grants.ts';
import { readGrants } from '../roles/read-grants.ts';
import { CallerMemory } from './caller-memory.ts';
import { findForgery, originOf } from './check-origin.ts';
import { findCookie } from './cookie.ts';
import { useSession } from './login-sessions.sql.ts';
import { SESSION_KIND, SESSION_PREFIX, type SessionId, type SessionSettings } from './session.ts';

/** Half of what A1 allows. */
const TRUST_MS = 500;

/** What this plane knows of the session beyond what the pipeline needs. */
export interface SessionDetail extends AccountDetail {
  readonly sessionId: SessionId;
  readonly accountId: AccountId;
  readonly orgId: OrganizationId;
}

interface Known {
  readonly caller: Caller;
  readonly grants: Grants;
}

export interface SessionReader extends CredentialReader {
  /** Forgets what is remembered of an account's sessions, so that their end holds at once here. */
  forget(accountId: AccountId): void;
}

export interface SessionReaderOptions {
  readonly db: Db;
  readonly clock: Clock;
  readonly settings: SessionSettings;
  readonly publicUrl: string | null;
}

/** Reads login sessions: a bearer token `ses-…`, else the cookie. */
export function createSessionReader(options: SessionReaderOptions): SessionReader {
  const { db, clock, settings, publicUrl } = options;
  const memory = new CallerMemory<Known>({ clock, trustMs: TRUST_MS });

  const read = (value: string, head: RequestHead): Known | Promise<Known | null> => {
    const organization = header(head.headers, 'x-organization');
    const project = header(head.headers, 'x-project-id');
    const hash = hashToken(value);
    const key = JSON.stringify([hash.toString('base64'), organization, project]);
    return memory.get(key, async () => {
      const found = await findCredential(db, { kind: SESSION_KIND, hash });
      if (found === null) return null;
      const { orgId, id } = found;
      return inTenant(db, [orgId], (tx) =>
        resolveSession(tx, { orgId, id: id as SessionId, organization, project, settings }),
      );
    });
  };

  return {
    read: (head) => {
      const bearer = /^bearer +(\S+)$/i.exec(head.headers.authorization ?? '')?.[1];
      if (bearer?.startsWith(SESSION_PREFIX) === true) {
        return actOn(read(bearer, head), head);
      }
      const origin = originOf(head.headers, { publicUrl, isTls: head.isTls });
      const cookie = findCookie(head, { isSecure: origin.startsWith('https:') });
      // Who shows another credential means that one.
      if (cookie === null || hasOther(head)) return null;
      const forgery = findForgery({ method: head.endpoint.method, headers: head.headers }, origin);
      const { permission, id } = head.endpoint;
      // Whoever signs in may still have the cookie of a session that is over. The health tells members more.
      if (permission === 'public' && id !== getAdminHealth.id) return null;
      if (forgery !== null) {
        throw new Fault('caller.forged', `a cookie is not enough: ${forgery}`, {
          detail: `A cookie alone changes nothing here: ${forgery}.`,
        });
      }
      return actOn(read(cookie, head), head);
    },
    forget: (accountId) => memory.forget(({ caller }) => caller.id === accountId),
  };
}

async function resolveSession(
  tx: Tx,
  of: {
    readonly orgId: OrganizationId;
    readonly id: SessionId;
    readonly organization: string | undefined;
    readonly project: string | undefined;
    readonly settings: SessionSettings;
  },
): Promise<Known | null> {
  const { orgId, id, settings } = of;
  const session = await useSession(tx, { id, idleMs: settings.idleMs });
  if (session === null) return null;
  if (of.organization !== undefined) await demandOwn(tx, orgId, of.organization);
  const projectId = await resolveProject(tx, { orgId, named: of.project });
  const { accountId, name } = session;
  const grants = await readGrants(tx, {
    orgId,
    projectId,
    subject: { kind: 'account', id: accountId },
  });
  const detail: SessionDetail = {
    kind: 'account',
    boundProjectId: null,
    sessionId: id,
    accountId,
    orgId,
  };
  const caller: Caller = {
    kind: 'account',
    id: accountId,
    name,
    orgId,
    projectId,
    scopes: new Set(),
    isFresh: session.freshMs < settings.freshMs,
    detail,
  };
  return { caller, grants };
}

const hasOther = ({ headers }: RequestHead): boolean =>
  headers.authorization !== undefined || headers['x-api-key'] !== undefined;

function act(known: Known | null, { endpoint }: RequestHead): Caller {
  if (known !== null) return actByGrants(known.caller, known.grants, endpoint.permission);
  throw new Fault('caller.unknown', 'the login session is not known, or is over', {
    detail: 'The session is over. Sign in again.',
  });
}

function actOn(known: Known | Promise<Known | null>, head: RequestHead): Caller | Promise<Caller> {
  return known instanceof Promise ? known.then((late) => act(late, head)) : act(known, head);
}

/** The session that an endpoint for signed-in people was called with. */
export function sessionOf(caller: Caller): SessionDetail {
  const detail = caller.detail as Partial<SessionDetail> | undefined;
  if (detail?.sessionId === undefined) throw new Error('the caller has no login session');
  return detail as SessionDetail;
}
