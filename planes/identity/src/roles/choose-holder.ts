import { found, type Caller } from '@sagewai/http';
import type { Tx } from '@sagewai/postgres';
import type { AccountId, OrganizationId, ServiceAccountId, TokenScope } from '@sagewai/wire';

import type { TokenDetail } from '../resolve-caller.ts';
import { demandToGive } from './demand-to-give.ts';
import { readGrantsAnywhere } from './read-grants.ts';
import { findServiceAccount } from './service-accounts.sql.ts';

interface Holder {
  readonly accountId?: AccountId;
  readonly serviceAccountId?: ServiceAccountId;
}

/**
 * Whom a new token stands for: a service account that is named, all of whose grants the maker has; else
 * whom the maker stands for, so that the token never does more than its maker may then (I12).
 */
export async function chooseHolder(
  tx: Tx,
  {
    orgId,
    caller,
    scopes,
    named,
  }: {
    readonly orgId: OrganizationId;
    readonly caller: Caller;
    readonly scopes: readonly TokenScope[];
    readonly named: string | undefined;
  },
): Promise<Holder> {
  // A directory's: it says who is in which group, and so is given by who says who vouches for people.
  if (scopes.includes('scim')) {
    demandToGive(caller, ['sso:write']);
    return {};
  }
  if (named !== undefined) {
    const service = await findServiceAccount(tx, { orgId, nameOrId: named });
    const { id } = found(service, `There is no service account ${named}.`);
    const subject = { kind: 'service_account', id } as const;
    demandToGive(caller, await readGrantsAnywhere(tx, { orgId, subject }));
    return { serviceAccountId: id };
  }
  if (caller.kind === 'account') return { accountId: caller.id as AccountId };
  const subject = (caller.detail as TokenDetail | undefined)?.subject;
  if (subject?.kind === 'account') return { accountId: subject.id };
  return subject?.kind === 'service_account' ? { serviceAccountId: subject.id } : {};
}
