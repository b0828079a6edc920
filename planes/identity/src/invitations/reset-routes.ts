import { newId } from '@sagewai/crypto';
import { Fault } from '@sagewai/fault';
import { found, implement, implementOwn, type Route } from '@sagewai/http';
import { inTenant } from '@sagewai/postgres';
import { appendAudit, nameActor } from '@sagewai/trust';
import { type AccountId, createPasswordReset, resetPassword } from '@sagewai/wire';

import type { Account } from '../accounts/account.ts';
import { findAccount } from '../accounts/accounts.sql.ts';
import { demandPassword } from '../accounts/demand-password.ts';
import { setPassword } from '../accounts/passwords.sql.ts';
import { endOfEmergency } from '../break-glass/end-of-emergency.ts';
import { dropCredential } from '../credentials.sql.ts';
import { demandToGive } from '../roles/demand-to-give.ts';
import { readGrantsAnywhere } from '../roles/read-grants.ts';
import { endSessionsOf } from '../sessions/login-sessions.sql.ts';
import type { SignInParts } from '../sign-in/sign-in.ts';
import { revokeTokensOf } from '../tokens.sql.ts';
import { findLink, give, giveToken, LINK_KIND, notGood, urlOf } from './give-link.ts';
import { insertLink, type LinkId, revokeResetsOf, useLink } from './links.sql.ts';

/** Links with which a password is set anew. */
export function resetRoutes(parts: SignInParts): Route[] {
  const { db, settings, passwords, sessions } = parts;
  return [
    implement(createPasswordReset, async ({ tx, orgId, params, body, caller, request, audit }) => {
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
        expiresAtMost: endOfEmergency(caller), // G5
      });
      const token = await giveToken(tx, { id, orgId });
      audit.about(`account:${accountId}`);
      const given = await give(parts, tx, {
        link: { ...link, orgId },
        token,
        url: urlOf(settings, { path: 'password-reset', token, request }),
        byMail: body?.by_mail,
      });
      return { ...given, expires_at: link.expiresAt.toISOString() };
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
        await revokeResetsOf(tx, accountId); // whoever asked for several has used one
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
}

function demandLocal(account: Account): void {
  if (account.source === 'local') return;
  throw new Fault('state.conflict', 'the account is looked after elsewhere', {
    detail: 'This account signs in by another system, which has its password.',
  });
}
