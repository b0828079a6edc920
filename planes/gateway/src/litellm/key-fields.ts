import { Fault } from '@sagewai/fault';
import { type Caller, found, isAllowed } from '@sagewai/http';
import { boundProject, ensureProject, findProject, isId, isProjectName } from '@sagewai/identity';
import type { Tx } from '@sagewai/postgres';
import { nameActor } from '@sagewai/trust';
import {
  type BodyOf,
  canonicalModels,
  type OrganizationId,
  type ProjectId,
  type regenerateKey,
} from '@sagewai/wire';

import { ENFORCED_FIELD } from '../keys/enforced-params.ts';
import { ROUTE_GROUPS } from '../keys/is-route-allowed.ts';
import type { KeyChanges } from '../keys/keys.sql.ts';
import type { VirtualKey } from '../keys/virtual-key.ts';
import { checkMetadata } from './check-metadata.ts';
import { admitPerson } from './people.sql.ts';
import { readDuration } from './read-duration.ts';
import { toPico } from './read-limits.ts';
import { mistaken, type Unsupported } from './refuse-fields.ts';
import { holdTeam } from './teams.sql.ts';

/** What LiteLLM's keys have and ours do not, and why. */
export const UNSUPPORTED_KEY_FIELDS: Unsupported = {
  agent_id: 'a call names its agent itself, by x-sagewai-agent',
  allowed_cache_controls: 'say what a key may keep in metadata.cache',
  allowed_passthrough_routes: 'use allowed_routes',
  config: 'a key does not configure the server',
  new_key: 'new values are made here',
  object_permission: 'a key opens models only; tools have permissions of their own',
  organization_id: 'a key belongs to the organization that the caller acts for (X-Organization)',
  permissions: 'use allowed_routes and models',
  policies: 'policies are not set by the key',
  prompts: 'there are none',
  router_settings:
    'routing is set for the server; a request may say num_retries, timeout and fallbacks',
  rpm_limit_type: 'limits are kept for every call',
  send_invite_email: 'no e-mail is sent',
  spend: 'what a key has spent is what the ledger says',
  temp_budget_expiry: 'change max_budget and change it back',
  temp_budget_increase: 'change max_budget and change it back',
  tpm_limit_type: 'limits are kept for every call',
};

/** LiteLLM's word for "every model", and for "those of the team": to us both are an empty list. */
const EVERY_MODEL: readonly string[] = ['all-proxy-models', 'all-team-models'];

const KEY_TYPES: Readonly<Record<string, readonly string[]>> = {
  default: [],
  llm_api: ['llm_api_routes'],
  read_only: ['info_routes'],
};

export type KeyFields = BodyOf<typeof regenerateKey>;

export interface FieldsContext {
  readonly tx: Tx;
  readonly orgId: OrganizationId;
  readonly caller: Caller;
  /** The key as it is; null: it is being made. */
  readonly before: VirtualKey | null;
}

/**
 * What a body says a key should be, checked: a key never reaches beyond whoever makes it. What is left
 * out is undefined.
 */
export async function readKeyFields(
  fields: KeyFields,
  { tx, orgId, caller, before }: FieldsContext,
): Promise<KeyChanges> {
  demandWholeOrganization(fields, caller);
  const models = readModels(fields.models);
  const teamId = fields.team_id;
  const teamAfter = teamId === undefined ? (before?.teamId ?? null) : teamId;
  if (teamAfter !== null) {
    const team = found(
      await holdTeam(tx, { orgId, id: teamAfter }),
      `There is no team ${teamAfter}.`,
    );
    demandWithin(models ?? before?.models ?? [], team.models, teamAfter);
  }
  if (fields.user_id !== undefined && fields.user_id !== null) {
    const of = { orgId, id: fields.user_id, by: nameActor(caller) };
    if ((await admitPerson(tx, of)) === 'deleted') {
      throw mistaken('user_id', 'is of a user that was deleted');
    }
  }
  const projectId = await readProject(fields, { tx, orgId, caller, before });
  return {
    models,
    isBlocked: fields.blocked ?? undefined,
    onClientLeft: fields.on_client_left ?? undefined,
    ...(typeof fields.key_alias === 'string' ? { name: fields.key_alias } : {}),
    ...(projectId === undefined ? {} : { projectId }),
    ...(fields.duration === undefined ? {} : { expiresInSeconds: readDuration(fields.duration) }),
    ...(teamId === undefined ? {} : { teamId }),
    ...(fields.user_id === undefined ? {} : { personId: fields.user_id }),
    ...(fields.aliases === undefined ? {} : { aliases: fields.aliases ?? {} }),
    ...metadataOf(fields, before),
    ...(fields.tags === undefined ? {} : { tags: fields.tags ?? [] }),
    ...readRoutes(fields),
    ...(fields.max_parallel_requests === undefined
      ? {}
      : { parallelMax: fields.max_parallel_requests }),
    ...(fields.soft_budget === undefined
      ? {}
      : { softBudgetPusd: fields.soft_budget === null ? null : toPico(fields.soft_budget) }),
    updatedBy: nameActor(caller),
  };
}

/**
 * LiteLLM keeps the names of guardrails and of demanded parameters there, and so do we. Other metadata take none of
 * them away: that is said by `guardrails` and `enforced_params`.
 */
function metadataOf(
  { metadata, guardrails, enforced_params: enforced }: KeyFields,
  before: VirtualKey | null,
): Partial<Pick<KeyChanges, 'metadata'>> {
  const said = {
    ...(guardrails === undefined ? {} : { guardrails: guardrails ?? [] }),
    ...(enforced === undefined ? {} : { [ENFORCED_FIELD]: enforced ?? [] }),
  };
  if (metadata === undefined && Object.keys(said).length === 0) return {};
  checkMetadata({ ...metadata, ...said });
  const had = before?.metadata ?? {};
  const kept = Object.fromEntries(
    ['guardrails', ENFORCED_FIELD].flatMap((name) =>
      had[name] === undefined ? [] : [[name, had[name]]],
    ),
  );
  const base = metadata === undefined ? had : { ...kept, ...metadata };
  return { metadata: { ...base, ...said } };
}

/** Whoever is bound to a project neither spends what a team has, nor takes a key out of it. */
function demandWholeOrganization(fields: KeyFields, caller: Caller): void {
  if (fields.team_id === undefined && fields.user_id === undefined) return;
  if (boundProject(caller) === null) return;
  throw new Fault('caller.forbidden', `token ${caller.id} is bound to a project`, {
    detail: 'This access token is bound to one project; teams and users are of the organization.',
  });
}

export function readModels(
  models: readonly string[] | null | undefined,
): readonly string[] | undefined {
  if (models === undefined) return undefined;
  const named = (models ?? []).filter((name) => !EVERY_MODEL.includes(name));
  const wild = named.find((name) => name.includes('*'));
  if (wild !== undefined) throw mistaken('models', `has ${wild}: wildcards are not known here`);
  if (named.length > 0 && named.length < (models ?? []).length) {
    throw mistaken('models', 'names some models and all of them');
  }
  return named;
}

/** A key of a team never allows what the team does not. */
function demandWithin(models: readonly string[], allowed: readonly string[], team: string): void {
  if (allowed.length === 0) return;
  const within = new Set(canonicalModels(allowed));
  const beyond = models.find((name) => !canonicalModels([name]).every((one) => within.has(one)));
  if (beyond === undefined) return;
  throw new Fault('caller.forbidden', 'a model beyond those of the team', {
    detail: `The team ${team} may not call the model ${beyond}, and so its keys may not.`,
  });
}

/**
 * `metadata.project`, or `project_id`, by name or id. Throws `project.missing` beyond the caller's reach;
 * one that is only named in the metadata of a new key is made, for whoever may make projects.
 */
async function readProject(
  { metadata, project_id: given }: KeyFields,
  { tx, orgId, caller, before }: FieldsContext,
): Promise<ProjectId | undefined> {
  const inMetadata = metadata?.['project'];
  if (inMetadata !== undefined && (typeof inMetadata !== 'string' || inMetadata.length > 100)) {
    throw mistaken('metadata/project', 'must be the name or the id of a project');
  }
  const named = [given ?? undefined, inMetadata].filter((one) => one !== undefined);
  const isNew = before === null && mayMakeProjects(caller);
  if (isNew && named.length === 1 && inMetadata !== undefined && !isId(inMetadata)) {
    if (!isProjectName(inMetadata)) throw mistaken('metadata/project', 'is no name of a project');
    return (await ensureProject(tx, { orgId, name: inMetadata, actor: nameActor(caller) })).id;
  }
  const projects = [];
  for (const one of named) projects.push(await demandProject(tx, orgId, one));
  const [project, other] = projects;
  if (other !== undefined && other !== project) {
    throw mistaken('project_id', 'is another project than metadata.project');
  }
  const bound = boundProject(caller);
  if (project !== undefined && bound !== null && project !== bound) {
    throw missingProject(named[0] ?? '');
  }
  return project;
}

const mayMakeProjects = (caller: Caller): boolean =>
  boundProject(caller) === null && isAllowed('project:write', caller);

async function demandProject(tx: Tx, orgId: OrganizationId, named: string): Promise<ProjectId> {
  const project = await findProject(tx, orgId, named);
  if (project === null) throw missingProject(named);
  return project.id;
}

const missingProject = (named: string): Fault =>
  new Fault('project.missing', 'a key names a project that is not there or beyond the caller', {
    detail: `There is no project ${named} that you can see: make it first, with \`sagewai projects create\` or POST /api/v1/projects.`,
  });

function readRoutes({ allowed_routes: routes, key_type: type }: KeyFields): Partial<KeyChanges> {
  if (type !== undefined && type !== null) {
    const ofType = Object.hasOwn(KEY_TYPES, type) ? KEY_TYPES[type] : undefined;
    if (ofType === undefined) {
      const known = Object.keys(KEY_TYPES).join(', ');
      throw mistaken('key_type', `must be one of ${known}: a virtual key administers nothing`);
    }
    if (routes && routes.length > 0) throw mistaken('key_type', 'goes without allowed_routes');
    return { allowedRoutes: ofType };
  }
  if (routes === undefined) return {};
  for (const route of routes ?? []) {
    if (/^\/[\w./{}-]*(?<=\/)\*$|^\/[\w./{}-]+$/.test(route)) continue;
    if (Object.hasOwn(ROUTE_GROUPS, route)) continue;
    const groups = Object.keys(ROUTE_GROUPS).join(', ');
    throw mistaken('allowed_routes', `must be paths, paths ending in /*, or some of ${groups}`);
  }
  return { allowedRoutes: routes ?? [] };
}
