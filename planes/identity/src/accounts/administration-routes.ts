import { found, implement, type Route } from '@sagewai/http';
import { nameActor } from '@sagewai/trust';
import { type AccountId, removeSecondFactors } from '@sagewai/wire';

import { removePasskeysOf } from '../passkeys/passkeys.sql.ts';
import { demandToGive } from '../roles/demand-to-give.ts';
import { readGrantsAnywhere } from '../roles/read-grants.ts';
import { endSessionsOf } from '../sessions/login-sessions.sql.ts';
import type { SignInParts } from '../sign-in/sign-in.ts';
import { findAccount } from './accounts.sql.ts';
import { accountToWire } from './own-account-routes.ts';
import { removeTotp } from './totp.sql.ts';

/** What administrators do with the accounts of others. */
export function administrationRoutes({ sessions }: SignInParts): Route[] {
  return [
    implement(removeSecondFactors, async ({ tx, orgId, params, caller, audit }) => {
      const id = params.account_id as AccountId;
      const account = found(await findAccount(tx, { orgId, id }), `There is no account ${id}.`);
      const subject = { kind: 'account', id } as const;
      demandToGive(caller, await readGrantsAnywhere(tx, { orgId, subject })); // I12
      const hadTotp = await removeTotp(tx, id);
      const passkeys = await removePasskeysOf(tx, id);
      await endSessionsOf(tx, { accountId: id, by: nameActor(caller) });
      tx.onCommit(() => sessions.forget(id));
      audit.about(`account:${id}`, { had_app: hadTotp, passkeys });
      return accountToWire(account);
    }),
  ];
}
