import type { SealingKeys } from '@sagewai/crypto';
import { type Caller, found, implement, type Route } from '@sagewai/http';
import { boundProject, findProject } from '@sagewai/identity';
import type { Tx } from '@sagewai/postgres';
import {
  getBodyKeeping,
  type OrganizationId,
  type ProjectId,
  readCallBody,
  setBodyKeeping,
} from '@sagewai/wire';

import { dropProject, findBody, readKeeping, setKeeping } from './call-bodies.sql.ts';
import { openBody } from './call-body.ts';

/** For the people who say what is kept, and who look at it. */
export function bodyRoutes(of: {
  readonly keys: SealingKeys;
  readonly forget: () => void;
}): Route[] {
  const { keys, forget } = of;
  return [
    implement(getBodyKeeping, async ({ tx, orgId, caller, params }) => {
      const projectId = await demandProject(tx, { orgId, caller, named: params.project });
      return toWire(projectId, await readKeeping(tx, { orgId, projectId }));
    }),

    implement(setBodyKeeping, async ({ tx, orgId, caller, params, body, audit }) => {
      const projectId = await demandProject(tx, { orgId, caller, named: params.project });
      const { keep_days: keepDays, drop_kept: drops = false } = body;
      const details = { keep_days: String(keepDays ?? 'none'), drop_kept: String(drops) };
      audit.about(`project:${projectId}`, details);
      await setKeeping(tx, { orgId, projectId }, keepDays);
      if (drops) await dropProject(tx, { orgId, projectId });
      tx.onCommit(forget);
      return toWire(projectId, await readKeeping(tx, { orgId, projectId }));
    }),

    implement(readCallBody, async ({ tx, orgId, caller, params, audit }) => {
      const { call_id: callId } = params;
      const row = await findBody(tx, orgId, callId);
      const bound = boundProject(caller);
      const detail =
        'Nothing is kept of such a call that you can see. A project keeps it from the moment that it says so, for as ' +
        'many days as it says.';
      const body = found(bound === null || row?.projectId === bound ? row : null, detail); // I1
      audit.about(`call:${callId}`, { project_id: body.projectId });
      const { sealedRequest, sealedAnswer } = body;
      const name = { orgId, callId };
      const request = openBody(keys, { ...name, side: 'request' }, sealedRequest);
      const answer =
        sealedAnswer === null ? null : openBody(keys, { ...name, side: 'answer' }, sealedAnswer);
      return {
        call_id: callId,
        project_id: body.projectId,
        at: body.at.toISOString(),
        drop_at: body.dropAt.toISOString(),
        request: { text: request === '' ? null : request, bytes: Number(body.requestBytes) },
        answer: { text: answer, bytes: Number(body.answerBytes) },
        is_cut: body.isCut,
      };
    }),
  ];
}

/** A token that is bound to a project does not know of the others. */
async function demandProject(
  tx: Tx,
  of: { readonly orgId: OrganizationId; readonly caller: Caller; readonly named: string },
): Promise<ProjectId> {
  const project = await findProject(tx, of.orgId, of.named);
  const bound = boundProject(of.caller);
  const within = bound === null || project?.id === bound ? project : null;
  return found(within, 'There is no such project.', 'project.missing').id;
}

const toWire = (
  projectId: ProjectId,
  { keepDays, kept }: { readonly keepDays: number | null; readonly kept: number },
) => ({ project_id: projectId, keep_days: keepDays, kept });
