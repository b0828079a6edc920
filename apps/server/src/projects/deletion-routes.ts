import { Fault } from '@sagewai/fault';
import { found, implement, type Route } from '@sagewai/http';
import { DEFAULT_PROJECT, findAnyProject } from '@sagewai/identity';
import { nameActor, readEntries } from '@sagewai/trust';
import {
  deleteProject,
  getProjectDeletion,
  listProjectDeletions,
  type OutputOf,
  undeleteProject,
} from '@sagewai/wire';

import { evidenceJwk, rowsOf } from './certificate.ts';
import type { DeletionParts } from './delete-projects.ts';
import * as rows from './project-deletion.sql.ts';

const SHOWN_MAX = 200;

export function deletionRoutes(parts: DeletionParts & { readonly nudge: () => void }): Route[] {
  return [
    implement(deleteProject, async ({ tx, orgId, params, body, caller, audit }) => {
      const named = await findAnyProject(tx, orgId, params.project);
      const { id, name, deletingAt } = found(named, MISSING, 'project.missing');
      if (name === DEFAULT_PROJECT)
        throw conflict('The project default stays: calls that name none are of it.');
      if (deletingAt !== null) throw conflict(`The project ${name} is being deleted already.`);
      if (body.confirm !== name) {
        throw new Fault('request.invalid', 'the deletion of a project is not confirmed', {
          detail: `Confirm with the name of the project: ${name}.`,
          mistakes: [{ part: 'body', path: '/confirm', message: 'is not the name of the project' }],
        });
      }
      if (await rows.hasMadeCredential(tx, id)) {
        throw conflict(
          'The project has a credential that was made at a LiteLLM proxy. Take it away first, so that it is deleted ' +
            `there, too: sagewai projects credential remove ${name}.`,
        );
      }
      const of = { orgId, projectId: id };
      const by = nameActor(caller);
      await rows.beginDeletion(tx, { ...of, project: name, by, graceMs: parts.settings.graceMs });
      audit.about(`project:${id}`, { name, grace_ms: parts.settings.graceMs });
      tx.onCommit(parts.nudge);
      return toWire(found(await rows.findDeletion(tx, orgId, id), MISSING));
    }),

    implement(undeleteProject, async ({ tx, orgId, params, audit }) => {
      const deletion = found(await rows.findDeletion(tx, orgId, params.project), NONE);
      const { projectId, project } = deletion;
      if (!(await rows.takeBack(tx, { orgId, projectId }))) {
        throw conflict('It is too late: the project is being deleted, or is deleted.');
      }
      audit.about(`project:${projectId}`, { name: project });
      return { project_id: projectId, project };
    }),

    implement(getProjectDeletion, async ({ tx, orgId, params }) => {
      const deletion = found(await rows.findDeletion(tx, orgId, params.project), NONE);
      const { projectId, certificate, signature } = deletion;
      const filter = { action: 'project.deleted', subject: `project:${projectId}`, limit: 1 };
      const [entry] =
        certificate === null ? [] : await readEntries(tx, { ...filter, orgId, order: 'newest' });
      return {
        ...toWire(deletion),
        certificate:
          entry === undefined || certificate === null || signature === null
            ? null
            : { text: certificate, signature, key: evidenceJwk(parts.signing), entry },
      };
    }),

    implement(listProjectDeletions, async ({ tx, orgId }) => ({
      deletions: (await rows.listDeletions(tx, orgId, SHOWN_MAX)).map(toWire),
    })),
  ];
}

const MISSING = 'There is no such project.';
const NONE = 'No deletion of such a project was asked for.';

const conflict = (detail: string): Fault =>
  new Fault('state.conflict', 'the state of a project does not allow this', { detail });

const toWire = (of: rows.ProjectDeletion): OutputOf<typeof deleteProject> => ({
  project_id: of.projectId,
  project: of.project,
  state: of.state,
  requested_by: of.requestedBy,
  requested_at: of.requestedAt.toISOString(),
  due_at: of.dueAt.toISOString(),
  finished_at: of.finishedAt?.toISOString() ?? null,
  waits_for: of.waitsFor,
  deleted: rowsOf(of),
  objects: of.objects,
});
