import { newId } from '@sagewai/crypto';
import type { Tx } from '@sagewai/postgres';

import { chooseAccount, speaksFor } from './choose-account.ts';
import type { OidcConnection } from './connection.ts';
import { followGroups } from './follow-groups.ts';
import {
  findCandidates,
  giveRole,
  joinIdentity,
  listGivenRoles,
  markSignedIn,
  provisionAccount,
  takeRoles,
} from './joining.sql.ts';
import type { SignedIn } from './read-claims.ts';

export type CompletedSignIn =
  | {
      readonly kind: 'signed_in';
      readonly accountId: string;
      readonly email: string;
      readonly name: string;
      /** For the audit log. */
      readonly how: 'known' | 'joined by external_id' | 'joined by email' | 'provisioned';
      readonly given: readonly string[];
      readonly taken: readonly string[];
    }
  | { readonly kind: 'refused'; readonly why: string }
  /** Another sign-in of the same person was faster: once more finds what it made. */
  | { readonly kind: 'raced' };

/** Finds or makes the account of whoever signed in (O1), and lets its roles follow the groups (O2). */
export async function completeSignIn(
  tx: Tx,
  connection: OidcConnection,
  who: SignedIn,
): Promise<CompletedSignIn> {
  const of = { orgId: connection.orgId, connectionId: connection.id };
  const { subject, email } = who;
  const candidates = await findCandidates(tx, { ...of, ...who });
  const chosen = chooseAccount(who, candidates, connection);
  if (chosen.kind === 'refused') return chosen;
  const accountId = chosen.kind === 'provision' ? newId<string>() : chosen.id;
  if (chosen.kind === 'provision') {
    const name = who.name ?? chosen.email;
    const isMade = await provisionAccount(tx, { ...of, id: accountId, email: chosen.email, name });
    if (!isMade) return { kind: 'raced' };
  }
  if (chosen.kind !== 'known') {
    if (!(await joinIdentity(tx, { ...of, accountId, subject }))) return { kind: 'raced' };
  }
  const mayTakeAddress =
    email !== null && who.isEmailVerified && speaksFor(email, connection.emailDomains);
  const account = await markSignedIn(tx, {
    ...of,
    id: accountId,
    name: who.name,
    email: mayTakeAddress ? email : null,
  });
  if (account === null) return { kind: 'refused', why: 'the account is deactivated' };
  const held = await listGivenRoles(tx, { ...of, accountId });
  const { give, take } = followGroups(who.groups, connection.groupRoles, held);
  await takeRoles(tx, { ...of, ids: take.map(({ id }) => id) });
  for (const role of give) await giveRole(tx, { ...of, accountId, id: newId<string>(), role });
  return {
    kind: 'signed_in',
    accountId,
    ...account,
    how:
      chosen.kind === 'join'
        ? `joined by ${chosen.by}`
        : chosen.kind === 'provision'
          ? 'provisioned'
          : 'known',
    given: give.map(({ role }) => role),
    taken: take.map(({ role }) => role),
  };
}
