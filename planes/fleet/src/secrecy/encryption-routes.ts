import { Fault } from '@sagewai/fault';
import { type Caller, found, implement, type Route } from '@sagewai/http';
import { boundProject, findProject } from '@sagewai/identity';
import type { Tx } from '@sagewai/postgres';
import {
  enableEncryption,
  getEncryption,
  type OrganizationId,
  type OutputOf,
  type ProjectId,
  rotateEncryption,
} from '@sagewai/wire';

import type { FleetParts } from '../parts.ts';
import { enableEncryption as enable, rotateKeys } from './change-keys.ts';
import { type KeyStatus, listKeyStatus, readStatus } from './content-keys.sql.ts';

type Status = OutputOf<typeof getEncryption>;

const KEYS_SHOWN_MAX = 1_000;

/** Whether an organization encrypts what its runs are given and say. */
export function encryptionRoutes(parts: FleetParts): Route[] {
  const { sealingKeys, contentKeys, log } = parts;
  /** This replica knows at once; the others within their next look. */
  const apply = (): void => {
    contentKeys
      .refresh()
      .catch((error: unknown) => log.warn('a change of content keys is noticed later', { error }));
  };
  return [
    implement(getEncryption, async ({ tx, orgId, caller, query }) =>
      statusOf(tx, orgId, await projectWithin(tx, { orgId, caller, named: query.project })),
    ),

    implement(enableEncryption, async ({ tx, orgId, audit }) => {
      const enabled = await enable(tx, sealingKeys, orgId);
      audit.about('payload encryption', { enabled: true, was_on: !enabled });
      tx.onCommit(apply);
      return statusOf(tx, orgId, null);
    }),

    implement(rotateEncryption, async ({ tx, orgId, caller, body, audit }) => {
      const projectId = await projectWithin(tx, { orgId, caller, named: body.project });
      const rotated = await rotateKeys(tx, sealingKeys, { orgId, projectId });
      if (rotated === null) throw isOff();
      audit.about('payload encryption', { rotated, project: projectId ?? 'all' });
      tx.onCommit(apply);
      return { rotated };
    }),
  ];
}

async function statusOf(
  tx: Tx,
  orgId: OrganizationId,
  projectId: ProjectId | null,
): Promise<Status> {
  const status = await readStatus(tx, orgId);
  const keys = await listKeyStatus(tx, { orgId, projectId, limit: KEYS_SHOWN_MAX });
  const isMoving = keys.some((key) => stateOf(key) === 'retiring');
  return {
    enabled: status !== null,
    enabled_at: status?.enabledAt.toISOString() ?? null,
    settled: status === null || (status.swept && !isMoving),
    keys: keys.map((key) => ({
      id: key.id,
      project_id: key.projectId,
      project: key.project,
      state: stateOf(key),
      created_at: key.createdAt.toISOString(),
      retired_at: key.retiredAt?.toISOString() ?? null,
    })),
  };
}

function stateOf({ retiringAt, retiredAt }: KeyStatus): Status['keys'][number]['state'] {
  if (retiredAt !== null) return 'retired';
  return retiringAt === null ? 'active' : 'retiring';
}

/** A token that is bound to a project speaks of that one, and does not know of the others. */
async function projectWithin(
  tx: Tx,
  of: { orgId: OrganizationId; caller: Caller; named: string | undefined },
): Promise<ProjectId | null> {
  const bound = boundProject(of.caller);
  if (of.named === undefined) return bound;
  const project = await findProject(tx, of.orgId, of.named);
  const within = bound === null || project?.id === bound ? project : null;
  return found(within, 'There is no such project.', 'project.missing').id;
}

const isOff = (): Fault =>
  new Fault('state.conflict', 'keys are rotated where nothing is encrypted', {
    detail: 'Encryption is off: sagewai fleet encryption enable.',
  });
