import { hashToken, mintToken, newId } from '@sagewai/crypto';
import { Fault } from '@sagewai/fault';
import {
  found,
  implement,
  implementOwn,
  isAllowed,
  type RequestHead,
  type Route,
} from '@sagewai/http';
import { type Db, inTenant, type Tx } from '@sagewai/postgres';
import { appendAudit, nameActor } from '@sagewai/trust';
import {
  acceptInvitation,
  type AccountId,
  createInvitation,
  createPasswordReset,
  listInvitations,
  type OrganizationId,
  resetPassword,
  revokeInvitation,
} from '@sagewai/wire';

import { type Account, normalizeEmail } from '../accounts/account.ts';
import { findAccount, findAccountByEmail } from '../accounts/accounts.sql.ts';
import { demandPassword } from '../accounts/demand-password.ts';
import { accountToWire } from '../accounts/own-account-routes.ts';
import { setPassword } from '../accounts/passwords.sql.ts';
import { dropCredential, findCredential, registerCredential } from '../credentials.sql.ts';
import { resolveProject } from '../resolve-caller.ts';
import { demandToGive, givenThere } from '../roles/demand-to-give.ts';
import { readGrantsAnywhere } from '../roles/read-grants.ts';
import { readRole } from '../roles/role-routes.ts';
import { originOf } from '../sessions/check-origin.ts';
import { endSessionsOf } from '../sessions/login-sessions.sql.ts';
import type { SignInParts } from '../sign-in/sign-in.ts';
import { revokeTokensOf } from '../tokens.sql.ts';
import {
  type AccountLink,
  insertLink,
  type LinkId,
  listInvitations as readInvitations,
  readLink,
  revokeLink,
  revokeResetsOf,
  useLink,
} from './links.sql.ts';
import { makeAccount } from './make-account.ts';

const LINK_KIND = 'account_link';
const LINK_PREFIX = 'link-';

export function invitationRoutes(parts: SignInParts): Route[] {
  const { db, clock, settings, passwords, sessions } = parts;
  return [
    implement(createInvitation, async ({ tx, orgId, body, caller, request, audit, setHeader }) => {
      const email = normalizeEmail(body.email);
      const { role } = body;
      const mayGive =
        role === 'owner' ? isAllowed('owner:appoint', caller) : isAllowed('role:assign', caller);
      if (!mayGive) {
        throw new Fault('caller.forbidden', `the caller may not give the role ${role}`, {
          detail: `You may not give the role ${role}.`,
        });
      }
      if (await findAccountByEmail(tx, { orgId, email })) {
        throw new Fault('resource.exists', 'the address has an account', {
          detail: 'There is an account with this e-mail address already.',
        });
      }
      const projectId =
        body.project === undefined
          ? null
          : await resolveProject(tx, { orgId, named: body.project });
      if (role === 'owner' && projectId !== null) {
        throw new Fault('request.invalid', 'an owner of a project', {
          detail: 'Accounts own whole organizations: leave the project out.',
        });
      }
      const permissions = await readRole(tx, { orgId, name: role });
      demandToGive(caller, givenThere(permissions, projectId)); // I12
      const id = newId<LinkId>();
      const link = await insertLink(tx, {
        id,
        orgId,
        kind: 'invitation',
        email,
        accountId: null,
        role,
        projectId,
        createdBy: nameActor(caller),
        lifetimeMs: settings.invitationMs,
      });
      const token = await giveToken(tx, { id, orgId });
      audit.about(`invitation:${id}`, { email, role, project_id: projectId });
      setHeader('cache-control', 'no-store');
      return { ...toWire(link, clock.now()), token, url: urlOf('invitation', token, request) };
    }),

    implement(listInvitations, async ({ tx }) => {
      const now = clock.now();
      return { invitations: (await readInvitations(tx)).map((link) => toWire(link, now)) };
    }),

    implement(revokeInvitation, async ({ tx, params, audit }) => {
      const id = params.invitation_id as LinkId;
      const link = found(await revokeLink(tx, id), `There is no open invitation ${id}.`);
      await dropCredential(tx, { kind: LINK_KIND, id });
      audit.about(`invitation:${id}`, { email: link.email });
      return toWire(link, clock.now());
    }),

    implementOwn(acceptInvitation, async ({ body, request }) => {
      const { orgId, link } = await findLink(db, body.token, 'invitation');
      demandPassword(body.password, { email: link.email, name: body.name });
      const hash = await passwords.hash(body.password);
      const account = await inTenant(db, [orgId], async (tx) => {
        const used = await useLink(tx, { id: link.id, kind: 'invitation' });
        if (used === null || used.role === null) throw notGood();
        await dropCredential(tx, { kind: LINK_KIND, id: link.id });
        const made = await makeAccount(tx, {
          orgId,
          email: used.email,
          name: body.name,
          hash,
          role: used.role,
          projectId: used.projectId,
          by: used.createdBy,
        });
        await appendAudit(tx, {
          orgId,
          actor: `account:${made.id}`,
          action: acceptInvitation.id,
          subject: `invitation:${link.id}`,
          outcome: 'ok',
          requestId: request.id,
          details: { role: used.role, project_id: used.projectId, address: request.ip },
        });
        return made;
      });
      return accountToWire(account);
    }),

    implement(createPasswordReset, async ({ tx, orgId, params, caller, request, audit }) => {
      const accountId = params.account_id as AccountId;
      const account = found(
        await findAccount(tx, { orgId, id: accountId }),
        `There is no account ${accountId}.`,
      );
      const subject = { kind: 'account', id: accountId } as const;
      // I12. Who can set somebody's password can be them.
      demandToGive(caller, await readGrantsAnywhere(tx, { orgId, subject }));
      demandLocal(account);
      await revokeResetsOf(tx, accountId);
      const id = newId<LinkId>();
      const link = await insertLink(tx, {
        id,
        orgId,
        kind: 'reset',
        email: account.email,
        accountId,
        role: null,
        projectId: null,
        createdBy: nameActor(caller),
        lifetimeMs: settings.passwordResetMs,
      });
      const token = await giveToken(tx, { id, orgId });
      audit.about(`account:${accountId}`);
      const url = urlOf('password-reset', token, request);
      return { token, url, expires_at: link.expiresAt.toISOString() };
    }),

    implementOwn(resetPassword, async ({ body, request }) => {
      const { orgId, link } = await findLink(db, body.token, 'reset');
      const { accountId } = link;
      if (accountId === null) throw notGood();
      const account = await inTenant(db, [orgId], (tx) =>
        findAccount(tx, { orgId, id: accountId }),
      );
      demandPassword(body.password, { email: link.email, name: account?.name ?? '' });
      const hash = await passwords.hash(body.password);
      await inTenant(db, [orgId], async (tx) => {
        if ((await useLink(tx, { id: link.id, kind: 'reset' })) === null) throw notGood();
        await dropCredential(tx, { kind: LINK_KIND, id: link.id });
        await setPassword(tx, { orgId, accountId, hash });
        const actor = `account:${accountId}`;
        const ended = await endSessionsOf(tx, { accountId, by: actor });
        // Whoever had the password may have made tokens that outlive the session.
        await revokeTokensOf(tx, { orgId, accountId });
        await parts.throttle.clear(tx, { orgId, email: link.email, address: request.ip });
        await appendAudit(tx, {
          orgId,
          actor,
          action: resetPassword.id,
          subject: actor,
          outcome: 'ok',
          requestId: request.id,
          details: { sessions_ended: ended.length, address: request.ip },
        });
        tx.onCommit(() => sessions.forget(accountId));
      });
      return { account_id: accountId };
    }),
  ];

  function urlOf(
    path: string,
    token: string,
    { headers, isTls }: Pick<RequestHead, 'headers' | 'isTls'>,
  ): string {
    const origin = originOf(headers, { publicUrl: settings.publicUrl, isTls });
    // Behind the #: servers and proxies on the way never see it.
    return `${origin}/${path}#${token}`;
  }
}

async function giveToken(
  tx: Tx,
  { id, orgId }: { readonly id: LinkId; readonly orgId: OrganizationId },
): Promise<string> {
  const token = mintToken(LINK_PREFIX);
  await registerCredential(tx, { hash: hashToken(token), kind: LINK_KIND, id, orgId });
  return token;
}

/** What the link is for, without using it: a password that will not do must not cost the link. */
async function findLink(
  db: Db,
  token: string,
  kind: AccountLink['kind'],
): Promise<{ readonly orgId: OrganizationId; readonly link: AccountLink }> {
  const credential = await findCredential(db, { kind: LINK_KIND, hash: hashToken(token) });
  if (credential === null) throw notGood();
  const { orgId, id } = credential;
  const link = await inTenant(db, [orgId], (tx) => readLink(tx, id as LinkId));
  if (link === null || link.kind !== kind) throw notGood();
  return { orgId, link };
}

const notGood = (): Fault =>
  new Fault('caller.unknown', 'the link is not good, or no longer', {
    detail: 'This link is not good, was used, or is too old. Ask for another.',
  });

function demandLocal(account: Account): void {
  if (account.source === 'local') return;
  throw new Fault('state.conflict', 'the account is looked after elsewhere', {
    detail: 'This account signs in by another system, which has its password.',
  });
}

const stateOf = (link: AccountLink, now: Date): 'open' | 'accepted' | 'revoked' | 'expired' => {
  if (link.usedAt !== null) return 'accepted';
  if (link.revokedAt !== null) return 'revoked';
  return link.expiresAt <= now ? 'expired' : 'open';
};

const toWire = (link: AccountLink, now: Date) => ({
  id: link.id,
  email: link.email,
  role: link.role ?? '',
  project_id: link.projectId,
  state: stateOf(link, now),
  created_by: link.createdBy,
  created_at: link.createdAt.toISOString(),
  expires_at: link.expiresAt.toISOString(),
});
