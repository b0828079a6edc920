import { Fault } from '@sagewai/fault';
import { found, implement, type Route } from '@sagewai/http';
import type { Tx } from '@sagewai/postgres';
import { nameActor } from '@sagewai/trust';
import {
  blockCustomers,
  type BodyOf,
  createCustomer,
  deleteCustomers,
  listCustomers,
  type OrganizationId,
  readCustomer,
  unblockCustomers,
  updateCustomer,
} from '@sagewai/wire';

import { applyHolderLimits, holdGivenBudget } from './apply-limits.ts';
import * as parts from './described-parts.sql.ts';
import { forgetPart, notDescribed } from './forget-part.ts';
import { setBlock } from './holder-limits.ts';
import { refuseFields, type Unsupported } from './refuse-fields.ts';
import { showCustomers, type ShownCustomer } from './show-parts.ts';

const PAGE_CUSTOMERS = 100;

const UNSUPPORTED: Unsupported = {
  allowed_model_region: 'deployments and keys have a data classification',
  allowed_region: 'deployments and keys have a data classification',
  budget_reset_at: 'windows are those of the clock',
  default_model: 'harness policies choose models',
  max_parallel_requests: 'keys, teams and users have one',
  model_max_budget: 'keys, teams and users have one',
  object_permission: 'an end user opens nothing; their key does',
  soft_budget: 'keys have one',
  spend: 'what an end user has spent is what the ledger says',
};

/** `/customer/*`: end users, whom calls name, and their limits in the organization. */
export function customerRoutes(): Route[] {
  return [
    implement(createCustomer, async ({ tx, orgId, caller, body, audit }) => {
      refuseFields(body, createCustomer.body ?? {}, UNSUPPORTED);
      const of = { orgId, facet: 'end_user', name: body.user_id } as const;
      await holdGivenBudget(tx, of, body);
      if (!(await parts.insertPart(tx, { ...of, by: nameActor(caller) }))) throw taken(of.name);
      const shown = await change(tx, of, body);
      audit.about(`end_user:${of.name}`, inWords(shown));
      return shown;
    }),

    implement(updateCustomer, async ({ tx, orgId, body, audit }) => {
      refuseFields(body, updateCustomer.body ?? {}, UNSUPPORTED);
      const shown = await change(tx, { orgId, facet: 'end_user', name: body.user_id }, body);
      audit.about(`end_user:${body.user_id}`, inWords(shown));
      return shown;
    }),

    implement(deleteCustomers, async ({ tx, orgId, body, audit }) => {
      const names = [...new Set(body.user_ids)].toSorted();
      await parts.lockParts(tx, { orgId, facet: 'end_user' }, names);
      for (const name of names) await forgetPart(tx, { orgId, facet: 'end_user', name });
      audit.about(`end_user:${names[0]}`, { end_users: names.join(' ') });
      const message = `Deleted ${names.length}: their limits are lifted, what they spent stays.`;
      return { deleted_customers: names.length, message };
    }),

    implement(blockCustomers, async ({ tx, orgId, caller, body, audit }) => {
      const names = await describe(tx, orgId, { names: body.user_ids, by: nameActor(caller) });
      await setBlocks(tx, orgId, { names, isBlocked: true });
      audit.about(`end_user:${names[0]}`, { end_users: names.join(' '), blocked: true });
      return { blocked_users: await showNamed(tx, orgId, names) };
    }),

    implement(unblockCustomers, async ({ tx, orgId, body, audit }) => {
      const names = [...new Set(body.user_ids)].toSorted();
      await parts.lockParts(tx, { orgId, facet: 'end_user' }, names);
      await demandAll(tx, orgId, names);
      await setBlocks(tx, orgId, { names, isBlocked: false });
      audit.about(`end_user:${names[0]}`, { end_users: names.join(' '), blocked: false });
      return { unblocked_users: await showNamed(tx, orgId, names) };
    }),

    implement(readCustomer, async ({ tx, orgId, query }) => {
      const [shown] = await showNamed(tx, orgId, [query.end_user_id]);
      return found(shown, notDescribed(query.end_user_id));
    }),

    implement(listCustomers, async ({ tx, orgId, query }) => {
      const page = { offset: ((query.page ?? 1) - 1) * PAGE_CUSTOMERS, limit: PAGE_CUSTOMERS };
      const found = await parts.findParts(tx, { orgId, facet: 'end_user' }, page);
      return showCustomers(tx, orgId, found);
    }),
  ];
}

async function change(
  tx: Tx,
  of: parts.PartChoice,
  fields: Omit<BodyOf<typeof updateCustomer>, 'user_id'>,
): Promise<ShownCustomer> {
  const { alias, metadata, blocked } = fields;
  await holdGivenBudget(tx, of, fields);
  found(
    await parts.adjustPart(tx, of, {
      ...(alias === undefined ? {} : { label: alias }),
      ...(metadata === undefined ? {} : { metadata: metadata ?? {} }),
    }),
    notDescribed(of.name),
  );
  const { orgId, facet: kind, name } = of;
  await applyHolderLimits(tx, { orgId, kind, id: name }, fields);
  if (typeof blocked === 'boolean') {
    await setBlocks(tx, orgId, { names: [name], isBlocked: blocked });
  }
  const [shown] = await showNamed(tx, orgId, [name]);
  return found(shown, notDescribed(name));
}

/** All are locked. */
async function setBlocks(
  tx: Tx,
  orgId: OrganizationId,
  { names, isBlocked }: { readonly names: readonly string[]; readonly isBlocked: boolean },
): Promise<void> {
  for (const name of names) await setBlock(tx, { orgId, kind: 'end_user', id: name }, isBlocked);
}

/** Makes those that are not there, and locks all. */
async function describe(
  tx: Tx,
  orgId: OrganizationId,
  of: { readonly names: readonly string[]; readonly by: string },
): Promise<readonly string[]> {
  const names = [...new Set(of.names)].toSorted();
  for (const name of names) {
    await parts.insertPart(tx, { orgId, facet: 'end_user', name, by: of.by });
  }
  await parts.lockParts(tx, { orgId, facet: 'end_user' }, names);
  return names;
}

async function demandAll(tx: Tx, orgId: OrganizationId, names: readonly string[]): Promise<void> {
  const of = { names, limit: names.length };
  const known = await parts.findParts(tx, { orgId, facet: 'end_user' }, of);
  const gone = names.find((name) => !known.some((one) => one.name === name));
  if (gone !== undefined)
    throw new Fault('resource.missing', 'no such end user', { detail: notDescribed(gone) });
}

async function showNamed(
  tx: Tx,
  orgId: OrganizationId,
  names: readonly string[],
): Promise<ShownCustomer[]> {
  const of = { names, limit: names.length };
  return showCustomers(tx, orgId, await parts.findParts(tx, { orgId, facet: 'end_user' }, of));
}

const inWords = ({ alias, blocked, litellm_budget_table: table }: ShownCustomer) => ({
  alias,
  blocked,
  budget_id: table?.budget_id ?? null,
  max_budget: table?.max_budget ?? null,
  budget_duration: table?.budget_duration ?? null,
  tpm_limit: table?.tpm_limit ?? null,
  rpm_limit: table?.rpm_limit ?? null,
});

const taken = (name: string): Fault =>
  new Fault('resource.exists', 'the end user is described', {
    detail: `The end user ${name} is described already.`,
  });
