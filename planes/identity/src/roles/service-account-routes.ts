import { newId } from '@sagewai/crypto';
import { Fault } from '@sagewai/fault';
import { found, implement, type Route } from '@sagewai/http';
import { nameActor } from '@sagewai/trust';
import {
  createServiceAccount,
  listServiceAccounts,
  type ServiceAccountId,
  setServiceAccountActive,
} from '@sagewai/wire';

import { cutPage, toPage } from '../page.ts';
import { demandToGive } from './demand-to-give.ts';
import { readGrantsAnywhere } from './read-grants.ts';
import {
  findServiceAccount,
  insertServiceAccount,
  listServiceAccounts as readServiceAccounts,
  type ServiceAccount,
  setServiceActive,
} from './service-accounts.sql.ts';

export function serviceAccountRoutes(): Route[] {
  return [
    implement(listServiceAccounts, async ({ tx, orgId, query }) => {
      const page = toPage(query);
      const read = await readServiceAccounts(tx, {
        orgId,
        page: { ...page, limit: page.limit + 1 },
      });
      const { items, next } = cutPage(read, page, ({ id }) => id);
      return { service_accounts: items.map(toWire), next_cursor: next };
    }),

    implement(createServiceAccount, async ({ tx, orgId, body, caller, audit }) => {
      const id = newId<ServiceAccountId>();
      const createdBy = nameActor(caller);
      const made = await insertServiceAccount(tx, { id, orgId, name: body.name, createdBy });
      if (made === null) {
        throw new Fault('resource.exists', 'the name of a service account is taken', {
          detail: `There is a service account ${body.name} already.`,
        });
      }
      audit.about(`service_account:${id}`, { name: body.name });
      return toWire(made);
    }),

    implement(setServiceAccountActive, async ({ tx, orgId, params, body, caller, audit }) => {
      const nameOrId = params.service_account;
      const account = found(
        await findServiceAccount(tx, { orgId, nameOrId }),
        `There is no service account ${nameOrId}.`,
      );
      const subject = { kind: 'service_account', id: account.id } as const;
      demandToGive(caller, await readGrantsAnywhere(tx, { orgId, subject })); // I12
      await setServiceActive(tx, { orgId, id: account.id, active: body.active });
      audit.about(`service_account:${account.id}`, { active: body.active });
      return toWire({ ...account, active: body.active });
    }),
  ];
}

const toWire = ({ id, name, active, createdBy, createdAt }: ServiceAccount) => ({
  id,
  name,
  active,
  created_by: createdBy,
  created_at: createdAt.toISOString(),
});
