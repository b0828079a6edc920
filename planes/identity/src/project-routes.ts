import { newId } from '@sagewai/crypto';
import { Fault } from '@sagewai/fault';
import { found, implement, type Route } from '@sagewai/http';
import {
  createProject,
  getProject,
  listProjects,
  type ProjectId,
  renameProject,
} from '@sagewai/wire';

import { DEFAULT_PROJECT, type Project } from './organization.ts';
import { cutPage, toPage } from './page.ts';
import {
  findAnyProject,
  findProject,
  insertProject,
  listProjects as readProjects,
  renameProject as rename,
} from './projects.sql.ts';
import { uniquely } from './scim/refuse.ts';
import { boundProject } from './token-reader.ts';

export function projectRoutes(): Route[] {
  return [
    implement(listProjects, async ({ tx, orgId, query, caller }) => {
      const page = toPage(query);
      const only = boundProject(caller);
      const read = await readProjects(tx, {
        orgId,
        only,
        page: { ...page, limit: page.limit + 1 },
      });
      const { items, next } = cutPage(read, page, ({ id }) => id);
      return { projects: items.map(toWire), next_cursor: next };
    }),

    implement(createProject, async ({ tx, orgId, body, audit }) => {
      const id = newId<ProjectId>();
      const creation = await insertProject(tx, { id, orgId, name: body.name });
      if (creation.kind === 'taken') {
        throw new Fault('resource.exists', `the name of project ${id} is taken`, {
          detail: `There is a project ${body.name} already.`,
        });
      }
      audit.about(`project:${id}`, { name: body.name });
      return toWire(creation.project);
    }),

    implement(getProject, async ({ tx, orgId, params, caller }) => {
      const project = await findAnyProject(tx, orgId, params.project);
      const bound = boundProject(caller);
      const reachable = bound === null || project?.id === bound ? project : null;
      const detail = `There is no project ${params.project} that you can see.`;
      return toWire(found(reachable, detail, 'project.missing'));
    }),

    implement(renameProject, async ({ tx, orgId, params, body, caller, audit }) => {
      const project = await findProject(tx, orgId, params.project);
      const bound = boundProject(caller);
      const reachable = bound === null || project?.id === bound ? project : null;
      const { id, name } = found(reachable, 'There is no such project.', 'project.missing');
      if (name === DEFAULT_PROJECT) {
        throw new Fault('state.conflict', 'the project default keeps its name', {
          detail: 'The project default keeps its name: calls that name none are of it.',
        });
      }
      const taken = `There is a project ${body.name} already.`;
      // Of two that take one name at once, the index stops the second.
      const renamed = await uniquely(taken, () => rename(tx, { id, name: body.name }));
      if (renamed === 'taken') {
        throw new Fault('resource.exists', `a name for project ${id} is taken`, { detail: taken });
      }
      audit.about(`project:${id}`, { name: body.name, was: name });
      return toWire(found(renamed, 'There is no such project.', 'project.missing'));
    }),
  ];
}

const toWire = ({ id, orgId, name, createdAt, deletingAt }: Project) => ({
  id,
  organization_id: orgId,
  name,
  state: deletingAt === null ? ('active' as const) : ('deleting' as const),
  created_at: createdAt.toISOString(),
});
