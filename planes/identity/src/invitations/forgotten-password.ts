import { newId } from '@sagewai/crypto';
import { Fault } from '@sagewai/fault';
import { implementOwn, type Route } from '@sagewai/http';
import { inTenant } from '@sagewai/postgres';
import { appendAudit } from '@sagewai/trust';
import { type OrganizationId, requestPasswordReset } from '@sagewai/wire';

import { normalizeEmail } from '../accounts/account.ts';
import { findAccountByEmail } from '../accounts/accounts.sql.ts';
import { findSignInOrganization, NOWHERE } from '../sign-in/find-organization.ts';
import type { SignInParts } from '../sign-in/sign-in.ts';
import { give, giveToken, urlOf } from './give-link.ts';
import { insertLink, type LinkId } from './links.sql.ts';

interface Asked {
  readonly orgId: OrganizationId;
  readonly email: string;
  readonly request: Parameters<typeof urlOf>[1]['request'] & {
    readonly id: string;
    readonly ip: string;
  };
}

/**
 * Whoever has forgotten a password asks for a link; it goes to the address of the account and to nobody else. Whether
 * there is such an account nobody is told, by the answer or by how long it takes: the letter is written after it.
 */
export function forgottenPasswordRoute(parts: SignInParts): Route {
  const { db, settings, letters, throttle, meters } = parts;
  return implementOwn(requestPasswordReset, async ({ body, request }) => {
    if (letters === null || settings.publicUrl === null) throw sendsNone();
    const email = normalizeEmail(body.email);
    const found = await findSignInOrganization(db, body.organization);
    const orgId = found ?? NOWHERE;
    // By names of their own: who asks for letters, from whose address ever, keeps nobody from signing in.
    await throttle.admit({ orgId, email: `reset ${email}`, address: `reset ${request.ip}` });
    if (found !== null) {
      void sendLink(parts, { orgId, email, request }).catch(() =>
        meters.attempts.add({ method: 'reset', outcome: 'failed' }),
      );
    }
    return { status: 'accepted' as const };
  });
}

async function sendLink(parts: SignInParts, { orgId, email, request }: Asked): Promise<void> {
  const { db, settings } = parts;
  await inTenant(db, [orgId], async (tx) => {
    const account = await findAccountByEmail(tx, { orgId, email });
    if (account?.active !== true || account.source !== 'local') return;
    const id = newId<LinkId>();
    const link = await insertLink(tx, {
      id,
      orgId,
      kind: 'reset',
      email: account.email,
      accountId: account.id,
      role: null,
      projectId: null,
      createdBy: ANYBODY,
      lifetimeMs: settings.passwordResetMs,
    });
    const token = await giveToken(tx, { id, orgId });
    const url = urlOf(settings, { path: 'password-reset', token, request });
    await appendAudit(tx, {
      orgId,
      actor: ANYBODY,
      action: requestPasswordReset.id,
      subject: `account:${account.id}`,
      outcome: 'ok',
      requestId: request.id,
      details: { address: request.ip },
    });
    await give(parts, tx, { link: { ...link, orgId }, token, url, byMail: true });
  });
}

const ANYBODY = 'anonymous';

const sendsNone = (): Fault =>
  new Fault('state.conflict', 'this server sends no links by e-mail', {
    detail: 'This server sends no e-mail. Ask an administrator for a link.',
  });
