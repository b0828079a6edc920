import { Fault } from '@sagewai/fault';
import { implementOwn, type Route } from '@sagewai/http';
import { inTenant } from '@sagewai/postgres';
import { appendAudit } from '@sagewai/trust';
import { setUp } from '@sagewai/wire';

import { normalizeEmail } from '../accounts/account.ts';
import { demandPassword } from '../accounts/demand-password.ts';
import { accountToWire } from '../accounts/own-account-routes.ts';
import { findSignInOrganization } from '../sign-in/find-organization.ts';
import type { SignInParts } from '../sign-in/sign-in.ts';
import { useFirstSetup } from './first-setup.sql.ts';
import { makeAccount } from './make-account.ts';
import { findSetup } from './setup-token.ts';

/** The first owner: with the token that the first start has shown, once (A6). */
export function setupRoute(parts: SignInParts): Route {
  const { db, passwords, setupKey } = parts;
  return implementOwn(setUp, async ({ body, request }) => {
    const setup = await findSetup(db, body.token, setupKey);
    if (setup === null) throw used();
    const orgId = await findSignInOrganization(db, body.organization);
    if (orgId === null) throw new Fault('organization.missing', 'setup names no organization');
    const email = normalizeEmail(body.email);
    demandPassword(body.password, { email, name: body.name });
    const hash = await passwords.hash(body.password);
    const account = await inTenant(db, [orgId], async (tx) => {
      if (!(await useFirstSetup(tx, setup))) throw used();
      const made = await makeAccount(tx, {
        orgId,
        email,
        name: body.name,
        hash,
        role: 'owner',
        projectId: null,
        by: 'setup',
      });
      await appendAudit(tx, {
        orgId,
        actor: 'setup',
        action: setUp.id,
        subject: `account:${made.id}`,
        outcome: 'ok',
        requestId: request.id,
        details: { role: 'owner', address: request.ip },
      });
      return made;
    });
    return accountToWire(account);
  });
}

const used = (): Fault =>
  new Fault('caller.unknown', 'the setup token is not good, or was used', {
    detail:
      'The setup token is not the one of the first start, or was used. An administrator can invite an owner.',
  });
