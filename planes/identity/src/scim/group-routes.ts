import { newId } from '@sagewai/crypto';
import { found, implement, type RequestHead, type Route } from '@sagewai/http';
import type { Tx } from '@sagewai/postgres';
import {
  createScimGroup,
  deleteScimGroup,
  getScimGroup,
  listScimGroups,
  type OrganizationId,
  patchScimGroup,
  replaceScimGroup,
  searchScimGroups,
} from '@sagewai/wire';

import { chooseAttributes, isShown, type Shown } from './choose-attributes.ts';
import { refused } from './filter.ts';
import { type Asked, findResources, readSearch, type Source } from './find-resources.ts';
import {
  addMembers,
  countGroups,
  deleteGroup,
  insertGroup,
  keepMembers,
  listGroups,
  readGroup,
  removeMembers,
  renameGroup,
  setGroupExternalId,
} from './groups.sql.ts';
import { GROUP_NAME_LENGTH_MAX, type GroupStep, planGroupPatch } from './plan-group-patch.ts';
import { type GroupRow, presentGroup } from './present.ts';
import { readOperations } from './read-operations.ts';
import { readResource } from './read-resource.ts';
import { demand, uniquely } from './refuse.ts';
import { GROUP_KIND } from './schema.ts';
import { printable } from './settle-user.ts';
import { demandVersion, locationOf, type ScimPorts, versionOf } from './user-routes.ts';

interface Of {
  readonly orgId: OrganizationId;
  readonly id: string;
}

const TAKEN = 'There is a group of this displayName already.';

export function groupRoutes({ baseOf }: Pick<ScimPorts, 'baseOf'>): Route[] {
  const show = (row: GroupRow, request: RequestHead, asked: Shown): Record<string, unknown> => ({
    ...chooseAttributes(GROUP_KIND, presentGroup(row, baseOf(request)), asked),
  });
  const search = (tx: Tx, orgId: OrganizationId, request: RequestHead, asked: Asked) =>
    findResources(sourceOf(tx, orgId, { base: baseOf(request), asked }), asked);
  const read = async (tx: Tx, of: Of, asked: Shown): Promise<GroupRow> =>
    found(await readGroup(tx, { ...of, withMembers: isShown(asked, 'members') }), missing(of.id));
  const lock = async (tx: Tx, of: Of, request: RequestHead): Promise<GroupRow> => {
    const row = await readGroup(tx, { ...of, withMembers: false, forUpdate: true });
    const group = found(row, missing(of.id));
    demandVersion(request, versionOf(presentGroup(group, '')));
    return group;
  };

  return [
    implement(listScimGroups, ({ tx, orgId, query, request }) => search(tx, orgId, request, query)),
    implement(searchScimGroups, ({ tx, orgId, body, request }) =>
      search(tx, orgId, request, readSearch(body)),
    ),

    implement(getScimGroup, async ({ tx, orgId, params: { id }, query, request, setHeader }) => {
      const row = await read(tx, { orgId, id }, query);
      setHeader('etag', versionOf(presentGroup(row, '')));
      return show(row, request, query);
    }),

    implement(createScimGroup, async ({ tx, orgId, body, query, request, audit, setHeader }) => {
      const group = settle(body);
      const of = { orgId, id: newId<string>() };
      await uniquely(TAKEN, () => insertGroup(tx, { ...of, ...group })); // S2
      await takeStep(tx, of, { kind: 'addMembers', ids: group.members });
      const row = await read(tx, of, query);
      const shown = presentGroup(row, baseOf(request));
      setHeader('location', locationOf(shown));
      setHeader('etag', versionOf(shown));
      audit.about(`group:${of.id}`, { name: group.name, members: group.members.length });
      return show(row, request, query);
    }),

    implement(replaceScimGroup, async ({ tx, orgId, params, body, query, request, audit }) => {
      const group = settle(body);
      const { id } = await lock(tx, { orgId, id: params.id }, request);
      const steps: readonly GroupStep[] = [
        { kind: 'rename', name: group.name },
        { kind: 'setExternalId', externalId: group.externalId },
        { kind: 'replaceMembers', ids: group.members },
      ];
      for (const step of steps) await takeStep(tx, { orgId, id }, step);
      audit.about(`group:${id}`, { name: group.name, members: group.members.length });
      return show(await read(tx, { orgId, id }, query), request, query);
    }),

    implement(patchScimGroup, async ({ tx, orgId, params, body, query, request, audit }) => {
      const { operations } = demand(readOperations(body));
      const { steps } = demand(planGroupPatch(operations));
      const { id, name } = await lock(tx, { orgId, id: params.id }, request);
      for (const step of steps) await takeStep(tx, { orgId, id }, step);
      audit.about(`group:${id}`, summaryOf(name, steps));
      return show(await read(tx, { orgId, id }, query), request, query);
    }),

    implement(deleteScimGroup, async ({ tx, orgId, params, request, audit }) => {
      const { id, name } = await lock(tx, { orgId, id: params.id }, request);
      await deleteGroup(tx, { orgId, id });
      audit.about(`group:${id}`, { name });
      return null;
    }),
  ];
}

async function takeStep(tx: Tx, of: Of, step: GroupStep): Promise<void> {
  switch (step.kind) {
    case 'rename':
      await uniquely(TAKEN, () => renameGroup(tx, { ...of, name: step.name }));
      return;
    case 'setExternalId':
      await setGroupExternalId(tx, { ...of, externalId: step.externalId });
      return;
    case 'removeMembers':
      await removeMembers(tx, { ...of, accountIds: step.ids });
      return;
    case 'replaceMembers':
      await keepMembers(tx, { ...of, accountIds: step.ids });
      await add(tx, of, step.ids);
      return;
    case 'addMembers':
      await add(tx, of, step.ids);
  }
}

/** A member that is no user of this organization is a mistake: nobody is left out silently. */
async function add(tx: Tx, of: Of, ids: readonly string[]): Promise<void> {
  const [unknown] = ids.length === 0 ? [] : await addMembers(tx, { ...of, accountIds: ids });
  if (unknown !== undefined) demand(refused('invalidValue', `There is no user ${unknown}.`));
}

function settle(body: { readonly [name: string]: unknown }): {
  readonly name: string;
  readonly externalId: string | null;
  readonly members: readonly string[];
} {
  const { resource } = demand(readResource(GROUP_KIND, body));
  const { displayName, externalId, members } = resource;
  const name = typeof displayName === 'string' ? printable(displayName, GROUP_NAME_LENGTH_MAX) : '';
  if (name === '') demand(refused('invalidValue', 'displayName is required.'));
  const plan = demand(planGroupPatch([{ op: 'add', path: 'members', value: members ?? [] }]));
  const [step] = plan.steps;
  return {
    name,
    externalId: typeof externalId === 'string' ? externalId : null,
    members: step?.kind === 'addMembers' ? step.ids : [],
  };
}

const sourceOf = (
  tx: Tx,
  orgId: OrganizationId,
  { base, asked }: { readonly base: string; readonly asked: Asked },
): Source => {
  // A filter may look at members that nobody wants to see.
  const withMembers = isShown(asked, 'members') || /members/i.test(asked.filter ?? '');
  return {
    kind: GROUP_KIND,
    count: (narrowed) => countGroups(tx, { orgId, narrowed }),
    read: async (narrowed, slice) =>
      (await listGroups(tx, { orgId, narrowed, slice, withMembers })).map((row) =>
        presentGroup(row, base),
      ),
  };
};

function summaryOf(name: string, steps: readonly GroupStep[]) {
  const counted = (kind: GroupStep['kind']): number =>
    steps.reduce(
      (sum, step) => sum + (step.kind === kind && 'ids' in step ? step.ids.length : 0),
      0,
    );
  return {
    name,
    added: counted('addMembers'),
    removed: counted('removeMembers'),
    replaced_by: counted('replaceMembers'),
  };
}

const missing = (id: string): string => `There is no group ${id}.`;
