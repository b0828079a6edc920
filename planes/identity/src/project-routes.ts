import { newId } from '@sagewai/crypto';
import { Fault } from '@sagewai/fault';
import { found, implement, type Route } from '@sagewai/http';
import { createProject, getProject, listProjects, type ProjectId } from '@sagewai/wire';

import type { Project } from './organization.ts';
import { cutPage, toPage } from './page.ts';
import { findProject, insertProject, listProjects as readProjects } from './projects.sql.ts';
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
      const project = await findProject(tx, orgId, params.project);
      const bound = boundProject(caller);
      const reachable = bound === null || project?.id === bound ? project : null;
      const detail = `There is no project ${params.project} that you can see.`;
      return toWire(found(reachable, detail, 'project.missing'));
    }),
  ];
}

const toWire = ({ id, orgId, name, createdAt }: Project) => ({
  id,
  organization_id: orgId,
  name,
  created_at: createdAt.toISOString(),
});
