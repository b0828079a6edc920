import { found, implement, type Route } from '@sagewai/http';
import { nameActor } from '@sagewai/trust';
import { getAccount, listAccounts, type OutputOf, setAccountActive } from '@sagewai/wire';

import { revokeInvitationsBy } from '../invitations/links.sql.ts';
import { cutPage, toPage } from '../page.ts';
import { assignmentToWire } from '../roles/assignment-routes.ts';
import { demandToGive } from '../roles/demand-to-give.ts';
import { keepingAnOwner } from '../roles/keeping-an-owner.ts';
import { readGrantsAnywhere } from '../roles/read-grants.ts';
import { listAssignments } from '../roles/role-assignments.sql.ts';
import { endSessionsOf } from '../sessions/login-sessions.sql.ts';
import { revokeTokensOf } from '../tokens.sql.ts';
import type { Account } from './account.ts';
import { findAccountBy, listAccounts as readAccounts, setActive } from './accounts.sql.ts';

const ROLES_SHOWN = 200;

export function accountRoutes(): Route[] {
  const missing = (emailOrId: string): string => `There is no account ${emailOrId}.`;
  return [
    implement(listAccounts, async ({ tx, orgId, query }) => {
      const page = toPage(query);
      const read = await readAccounts(tx, { orgId, page: { ...page, limit: page.limit + 1 } });
      const { items, next } = cutPage(read, page, ({ id }) => id);
      return { accounts: items.map(toWire), next_cursor: next };
    }),

    implement(getAccount, async ({ tx, orgId, params }) => {
      const emailOrId = params.account;
      const account = found(await findAccountBy(tx, { orgId, emailOrId }), missing(emailOrId));
      const page = { limit: ROLES_SHOWN };
      const held = await listAssignments(tx, { orgId, subjectId: account.id, page });
      return { ...toWire(account), roles: held.map(assignmentToWire) };
    }),

    implement(setAccountActive, async ({ tx, orgId, params, body, caller, audit }) => {
      const emailOrId = params.account;
      const account = found(await findAccountBy(tx, { orgId, emailOrId }), missing(emailOrId));
      const subject = { kind: 'account', id: account.id } as const;
      demandToGive(caller, await readGrantsAnywhere(tx, { orgId, subject })); // I12
      const { active } = body;
      const changed = await keepingAnOwner(() => setActive(tx, { orgId, id: account.id, active }));
      // Its sessions and tokens do not come back with it, and whom it invited does not come in its place.
      if (!active) {
        await endSessionsOf(tx, { accountId: account.id, by: nameActor(caller) });
        await revokeTokensOf(tx, { orgId, accountId: account.id });
        await revokeInvitationsBy(tx, account.id);
      }
      audit.about(`account:${account.id}`, { active });
      return toWire(found(changed, missing(emailOrId)));
    }),
  ];
}

const toWire = (account: Account): OutputOf<typeof setAccountActive> => ({
  id: account.id,
  email: account.email,
  name: account.name,
  source: account.source,
  active: account.active,
  created_at: account.createdAt.toISOString(),
  last_login_at: account.lastLoginAt?.toISOString() ?? null,
  deactivated_at: account.deactivatedAt?.toISOString() ?? null,
});
