import { type Executor, sql, type Statement, type Tx } from '@sagewai/postgres';
import type { KeyId, OrganizationId, ProjectId } from '@sagewai/wire';

import type { OnClientLeft, VirtualKey } from './virtual-key.ts';

const COLUMNS = sql<VirtualKey>`
  id, org_id as "orgId", project_id as "projectId", name, hint, models, may_cap as "mayCap",
  on_client_left as "onClientLeft", team_id as "teamId", person_id as "personId", aliases, metadata, tags,
  allowed_routes as "allowedRoutes", parallel_max as "parallelMax",
  soft_budget_pusd as "softBudgetPusd", created_by as "createdBy", created_at as "createdAt",
  updated_at as "updatedAt", updated_by as "updatedBy", expires_at as "expiresAt",
  blocked_at as "blockedAt", revoked_at as "revokedAt"
`;

/** What only LiteLLM's administration sets. */
export type KeyTraits = Pick<
  VirtualKey,
  | 'teamId'
  | 'personId'
  | 'aliases'
  | 'metadata'
  | 'tags'
  | 'allowedRoutes'
  | 'parallelMax'
  | 'softBudgetPusd'
>;

const NO_TRAITS: KeyTraits = {
  teamId: null,
  personId: null,
  aliases: {},
  metadata: {},
  tags: [],
  allowedRoutes: [],
  parallelMax: null,
  softBudgetPusd: null,
};

export interface NewKey extends Partial<KeyTraits> {
  readonly id: KeyId;
  readonly orgId: OrganizationId;
  readonly projectId: ProjectId;
  readonly name: string;
  readonly hint: string;
  readonly models: readonly string[];
  readonly mayCap: boolean;
  readonly onClientLeft?: OnClientLeft | undefined;
  readonly createdBy: string;
  /** Null: never. */
  readonly expiresInSeconds: number | null;
  /** It ends then at the latest. */
  readonly expiresAtMost?: Date | null;
}

export async function insertKey(tx: Tx, key: NewKey): Promise<VirtualKey> {
  const traits = { ...NO_TRAITS, ...key };
  const { rows } = await sql<VirtualKey>`
    insert into virtual_key (
      id, org_id, project_id, name, hint, models, may_cap, created_by, expires_at,
      team_id, person_id, aliases, metadata, tags, allowed_routes, parallel_max, soft_budget_pusd,
      on_client_left)
    values (
      ${key.id}, ${key.orgId}, ${key.projectId}, ${key.name}, ${key.hint}, ${key.models},
      ${key.mayCap}, ${key.createdBy},
      least(app_now() + ${key.expiresInSeconds}::int * interval '1 second',
            ${key.expiresAtMost ?? null}::timestamptz),
      ${traits.teamId}, ${traits.personId}, ${JSON.stringify(traits.aliases)}::jsonb,
      ${JSON.stringify(traits.metadata)}::jsonb, ${traits.tags}, ${traits.allowedRoutes},
      ${traits.parallelMax}::int, ${traits.softBudgetPusd}::numeric, ${key.onClientLeft ?? 'abort'})
    returning ${COLUMNS}
  `.execute(tx);
  const [inserted] = rows;
  if (inserted === undefined) throw new Error('an insert returned nothing');
  return inserted;
}

/** Newest last. `cursor` is the last id of the page before. */
export async function listKeys(
  tx: Executor,
  of: {
    readonly orgId: OrganizationId;
    /** Null: of every project. */
    readonly projectId: ProjectId | null;
    readonly cursor: string | undefined;
    readonly limit: number;
  },
): Promise<VirtualKey[]> {
  const { rows } = await sql<VirtualKey>`
    select ${COLUMNS} from virtual_key
    where org_id = ${of.orgId}
      and (${of.projectId}::uuid is null or project_id = ${of.projectId}::uuid)
      and (${of.cursor ?? null}::uuid is null or id > ${of.cursor ?? null}::uuid)
    order by id limit ${of.limit}
  `.execute(tx);
  return rows;
}

/** Which key of an organization; with a project, only if it is that project's. */
export interface KeyChoice {
  readonly orgId: OrganizationId;
  readonly projectId: ProjectId | null;
  readonly id: string;
}

const chosen = ({ orgId, projectId, id }: KeyChoice) => sql`
  org_id = ${orgId} and id = ${id}
    and (${projectId}::uuid is null or project_id = ${projectId}::uuid)
`;

export async function findKey(tx: Executor, choice: KeyChoice): Promise<VirtualKey | null> {
  const { rows } = await sql<VirtualKey>`
    select ${COLUMNS} from virtual_key where ${chosen(choice)}
  `.execute(tx);
  return rows[0] ?? null;
}

/** Those of the organization's keys that there are, revoked or not, by their ids. */
export async function findKeys(
  tx: Executor,
  orgId: OrganizationId,
  ids: readonly string[],
): Promise<ReadonlyMap<string, VirtualKey>> {
  const { rows } = await sql<VirtualKey>`
    select ${COLUMNS} from virtual_key where org_id = ${orgId} and id = any(${ids}::uuid[])
  `.execute(tx);
  return new Map(rows.map((key) => [key.id, key]));
}

export interface KeyChanges extends Partial<KeyTraits> {
  readonly models?: readonly string[] | undefined;
  readonly isBlocked?: boolean | undefined;
  readonly mayCap?: boolean | undefined;
  readonly onClientLeft?: OnClientLeft | undefined;
  readonly name?: string;
  readonly hint?: string;
  readonly projectId?: ProjectId;
  /** From now on; null: never. */
  readonly expiresInSeconds?: number | null;
  /** Where it is said when it ends: then at the latest. */
  readonly expiresAtMost?: Date | null;
  readonly updatedBy?: string;
}

/** What is left out stays. Null when there is no such key, or it was revoked. */
export async function adjustKey(
  tx: Tx,
  choice: KeyChoice,
  changes: KeyChanges,
): Promise<VirtualKey | null> {
  const { models, isBlocked, mayCap, expiresInSeconds } = changes;
  const json = (value: object | undefined): string | null =>
    value === undefined ? null : JSON.stringify(value);
  const { rows } = await sql<VirtualKey>`
    update virtual_key
    set models = coalesce(${models ?? null}::text[], models),
        may_cap = coalesce(${mayCap ?? null}::boolean, may_cap),
        on_client_left = coalesce(${changes.onClientLeft ?? null}::text, on_client_left),
        blocked_at = case ${isBlocked ?? null}::boolean
          when true then coalesce(blocked_at, app_now()) when false then null else blocked_at end,
        name = coalesce(${changes.name ?? null}::text, name),
        hint = coalesce(${changes.hint ?? null}::text, hint),
        project_id = coalesce(${changes.projectId ?? null}::uuid, project_id),
        expires_at = case when ${expiresInSeconds !== undefined}::boolean
          then least(app_now() + ${expiresInSeconds ?? null}::int * interval '1 second',
                     ${changes.expiresAtMost ?? null}::timestamptz)
          else expires_at end,
        team_id = ${chosenOr(changes.teamId, sql`team_id`)},
        person_id = ${chosenOr(changes.personId, sql`person_id`)},
        aliases = coalesce(${json(changes.aliases)}::jsonb, aliases),
        metadata = coalesce(${json(changes.metadata)}::jsonb, metadata),
        tags = coalesce(${changes.tags ?? null}::text[], tags),
        allowed_routes = coalesce(${changes.allowedRoutes ?? null}::text[], allowed_routes),
        parallel_max = ${chosenOr(changes.parallelMax, sql`parallel_max`)},
        soft_budget_pusd = ${chosenOr(changes.softBudgetPusd, sql`soft_budget_pusd`)},
        updated_at = app_now(), updated_by = ${changes.updatedBy ?? null}
    where ${chosen(choice)} and revoked_at is null
    returning ${COLUMNS}
  `.execute(tx);
  return rows[0] ?? null;
}

/** The new value, null included; the column when nothing was said. */
const chosenOr = (value: string | number | bigint | null | undefined, column: Statement<unknown>) =>
  value === undefined ? column : sql`${value}`;

/** Revoking again changes nothing and answers the same. */
export async function revokeKey(tx: Tx, choice: KeyChoice): Promise<VirtualKey | null> {
  const { rows } = await sql<VirtualKey>`
    update virtual_key set revoked_at = coalesce(revoked_at, app_now())
    where ${chosen(choice)}
    returning ${COLUMNS}
  `.execute(tx);
  return rows[0] ?? null;
}

/** A key as a call needs it. */
export interface LiveKey {
  readonly id: KeyId;
  readonly orgId: OrganizationId;
  readonly projectId: ProjectId;
  readonly name: string;
  readonly models: readonly string[];
  readonly mayCap: boolean;
  readonly expiresAt: Date | null;
  readonly isBlocked: boolean;
  readonly teamId: string | null;
  readonly personId: string | null;
  readonly teamModels: readonly string[];
  readonly personModels: readonly string[];
  readonly aliases: Readonly<Record<string, string>>;
  readonly tags: readonly string[];
  readonly allowedRoutes: readonly string[];
  readonly parallelMax: number | null;
  readonly teamParallelMax: number | null;
  readonly personParallelMax: number | null;
  readonly onClientLeft: OnClientLeft;
  /** `day cost` → an amount. */
  readonly limits: Readonly<Record<string, string>>;
  /** What is used of each. */
  readonly used: Readonly<Record<string, string>>;
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly teamMetadata: Readonly<Record<string, unknown>>;
  /** The database's time at the look-up, by which expiry is decided. */
  readonly now: Date;
}

/** The key of a hash, whatever its organization; null when there is none or it was revoked. */
export async function findLiveKey(db: Executor, hash: Buffer): Promise<LiveKey | null> {
  const { rows } = await sql<LiveKey>`
    select id, org_id as "orgId", project_id as "projectId", name, models, may_cap as "mayCap",
           expires_at as "expiresAt", is_blocked as "isBlocked", now, team_id as "teamId",
           person_id as "personId", team_models as "teamModels", person_models as "personModels",
           aliases, tags, allowed_routes as "allowedRoutes", parallel_max as "parallelMax",
           team_parallel_max as "teamParallelMax", person_parallel_max as "personParallelMax",
           on_client_left as "onClientLeft", limits, used, metadata,
           team_metadata as "teamMetadata"
    from find_virtual_key(${hash})
  `.execute(db);
  return rows[0] ?? null;
}
