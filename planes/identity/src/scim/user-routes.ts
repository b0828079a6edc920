import { newId } from '@sagewai/crypto';
import { Fault } from '@sagewai/fault';
import { type Caller, found, implement, type RequestHead, type Route } from '@sagewai/http';
import type { Tx } from '@sagewai/postgres';
import { nameActor } from '@sagewai/trust';
import {
  type AccountId,
  createScimUser,
  deleteScimUser,
  getScimUser,
  listScimUsers,
  type OrganizationId,
  patchScimUser,
  replaceScimUser,
  searchScimUsers,
} from '@sagewai/wire';

import { revokeInvitationsBy } from '../invitations/links.sql.ts';
import { endSessionsOf } from '../sessions/login-sessions.sql.ts';
import { revokeTokensOf } from '../tokens.sql.ts';
import { applyPatch } from './apply-patch.ts';
import { chooseAttributes, type Shown } from './choose-attributes.ts';
import { type Asked, findResources, readSearch, type Source } from './find-resources.ts';
import type { Json } from './match-filter.ts';
import { isVersionMeant, presentUser, type UserRow } from './present.ts';
import { readOperations } from './read-operations.ts';
import { readResource } from './read-resource.ts';
import { demand, uniquely } from './refuse.ts';
import { USER_KIND } from './schema.ts';
import { settleUser, type StoredUser } from './settle-user.ts';
import {
  countUsers,
  deleteUser,
  insertUser,
  listUsers,
  readUser,
  reviveUser,
  updateUser,
} from './users.sql.ts';

export interface ScimPorts {
  /** The address of this server, as the caller of a request knows it. */
  readonly baseOf: (request: RequestHead) => string;
  /** S3. Whether the account answers to nobody but its organization: an owner by hand. */
  readonly isOwner: (tx: Tx, of: { orgId: OrganizationId; accountId: string }) => Promise<boolean>;
}

const TAKEN = 'There is a user of this userName, e-mail address or externalId already.';
type Given = { readonly [name: string]: unknown };

export function userRoutes(ports: ScimPorts): Route[] {
  const show = (row: UserRow, request: RequestHead, asked: Shown): Record<string, unknown> => ({
    ...chooseAttributes(USER_KIND, presentUser(row, ports.baseOf(request)), asked),
  });
  const search = (tx: Tx, orgId: OrganizationId, request: RequestHead, asked: Asked) =>
    findResources(sourceOf(tx, orgId, ports.baseOf(request)), asked);
  const lock = async (
    tx: Tx,
    { orgId, id, request }: { orgId: OrganizationId; id: string; request: RequestHead },
  ): Promise<UserRow> => {
    const row = found(await readUser(tx, { orgId, id, forUpdate: true }), missing(id));
    const { version } = presentUser(row, ports.baseOf(request))['meta'] as { version: string };
    demandVersion(request, version);
    // S3
    if (await ports.isOwner(tx, { orgId, accountId: row.id })) {
      throw new Fault('scim.mutability', `account ${row.id} is an owner`, {
        detail: 'This account is an owner: it is changed here, and not by an identity provider.',
      });
    }
    return row;
  };
  const write = async (
    tx: Tx,
    of: { orgId: OrganizationId; row: UserRow; user: StoredUser; caller: Caller },
  ): Promise<UserRow> => {
    const { orgId, row, user, caller } = of;
    if (row.active && !user.active) await shutOut(tx, { orgId, row, caller });
    await uniquely(TAKEN, () => updateUser(tx, { orgId, id: row.id, user }));
    return found(await readUser(tx, { orgId, id: row.id }), missing(row.id));
  };

  return [
    implement(listScimUsers, ({ tx, orgId, query, request }) => search(tx, orgId, request, query)),
    implement(searchScimUsers, ({ tx, orgId, body, request }) =>
      search(tx, orgId, request, readSearch(body)),
    ),

    implement(getScimUser, async ({ tx, orgId, params: { id }, query, request, setHeader }) => {
      const row = found(await readUser(tx, { orgId, id }), missing(id));
      const user = presentUser(row, ports.baseOf(request));
      setHeader('etag', versionOf(user));
      return show(row, request, query);
    }),

    implement(createScimUser, async ({ tx, orgId, body, query, request, audit, setHeader }) => {
      const user = settle(body);
      // S2
      const id = await uniquely(TAKEN, async () => {
        const revived = await reviveUser(tx, { orgId, user });
        if (revived !== null) return revived;
        const made = newId<string>();
        await insertUser(tx, { orgId, id: made, user });
        return made;
      });
      const row = found(await readUser(tx, { orgId, id }), missing(id));
      const shown = presentUser(row, ports.baseOf(request));
      setHeader('location', locationOf(shown));
      setHeader('etag', versionOf(shown));
      audit.about(`account:${id}`, summaryOf(user));
      return show(row, request, query);
    }),

    implement(
      replaceScimUser,
      async ({ tx, orgId, params, body, query, request, caller, audit }) => {
        const row = await lock(tx, { orgId, id: params.id, request });
        const user = settle(body, row.email);
        audit.about(`account:${row.id}`, summaryOf(user));
        return show(await write(tx, { orgId, row, user, caller }), request, query);
      },
    ),

    implement(patchScimUser, async ({ tx, orgId, params, body, query, request, caller, audit }) => {
      const row = await lock(tx, { orgId, id: params.id, request });
      const { operations } = demand(readOperations(body));
      const before = demand(readResource(USER_KIND, presentUser(row, ''))).resource;
      const { resource } = demand(applyPatch(USER_KIND, before, operations));
      const { user } = demand(settleUser(resource, row.email));
      audit.about(`account:${row.id}`, { ...summaryOf(user), operations: operations.length });
      return show(await write(tx, { orgId, row, user, caller }), request, query);
    }),

    implement(deleteScimUser, async ({ tx, orgId, params, request, caller, audit }) => {
      const row = await lock(tx, { orgId, id: params.id, request });
      await shutOut(tx, { orgId, row, caller });
      await deleteUser(tx, { orgId, id: row.id });
      audit.about(`account:${row.id}`, { email: row.email });
      return null;
    }),
  ];
}

/** S1. From the commit on, no replica finds the sessions and tokens of the account, also when it is active again. */
async function shutOut(
  tx: Tx,
  { orgId, row, caller }: { orgId: OrganizationId; row: UserRow; caller: Caller },
): Promise<void> {
  const accountId = row.id as AccountId;
  await endSessionsOf(tx, { accountId, by: nameActor(caller) });
  await revokeTokensOf(tx, { orgId, accountId });
  await revokeInvitationsBy(tx, accountId);
}

function settle(body: Given, known: string | null = null): StoredUser {
  const { resource } = demand(readResource(USER_KIND, body));
  return demand(settleUser(resource, known)).user;
}

const sourceOf = (tx: Tx, orgId: OrganizationId, base: string): Source => ({
  kind: USER_KIND,
  count: (narrowed) => countUsers(tx, { orgId, narrowed }),
  read: async (narrowed, slice) =>
    (await listUsers(tx, { orgId, narrowed, slice })).map((row) => presentUser(row, base)),
});

/** Throws when the client means a version that is no longer there. */
export function demandVersion({ headers }: RequestHead, version: string): void {
  if (isVersionMeant(headers['if-match'], version)) return;
  throw new Fault('state.outdated', 'If-Match names another version', {
    detail: 'It was changed since this version was read.',
  });
}

export const versionOf = (shown: Json): string => String((shown['meta'] as Given)['version']);
export const locationOf = (shown: Json): string => String((shown['meta'] as Given)['location']);

const missing = (id: string): string => `There is no user ${id}.`;

const summaryOf = ({ email, externalId, active }: StoredUser) => ({
  email,
  external_id: externalId,
  active,
});
