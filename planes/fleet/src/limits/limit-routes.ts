import { Fault } from '@sagewai/fault';
import { type Caller, found, implement, type Route } from '@sagewai/http';
import { boundProject, findProject } from '@sagewai/identity';
import type { Tx } from '@sagewai/postgres';
import {
  listQueues,
  listFleetProjects,
  type OrganizationId,
  pauseFleet,
  type ProjectId,
  resumeFleet,
  setQueue,
  setFleetProject,
} from '@sagewai/wire';

import type { FleetParts } from '../parts.ts';
import { fromStarts, toBacklog, toPoolLimits, toProjectLimits } from './limit-to-wire.ts';
import { type Limit, type LimitPlace, type Limits, NO_LIMITS } from './limit.ts';
import {
  readBacklog,
  readLimit,
  readLimits,
  readProjectNames,
  setLimits,
  setPaused,
} from './limits.sql.ts';
import { placesWithLimits } from './list-limits.ts';

const NO_SUCH_PROJECT = 'There is no such project.';

/** For the people who decide how workers are shared. */
export function limitRoutes({ hints }: FleetParts): Route[] {
  const change = async (tx: Tx, place: LimitPlace, said: Partial<Limits>): Promise<Limit> => {
    const now = (await readLimit(tx, place)) ?? NO_LIMITS;
    const changed = await setLimits(tx, place, { ...now, ...said });
    tx.onCommit(() => hints.tellLimits());
    return changed;
  };

  const pause = async (tx: Tx, place: LimitPlace, paused: boolean) => {
    const changed = await setPaused(tx, place, paused);
    tx.onCommit(() => hints.tellLimits());
    return { project_id: place.projectId, pool: place.pool, paused, changed };
  };

  return [
    implement(listFleetProjects, async ({ tx, orgId, caller }) => {
      const bound = boundProject(caller);
      const names = await readProjectNames(tx, orgId, bound);
      const limits = await readLimits(tx, orgId);
      const backlog = await readBacklog(tx, orgId);
      return {
        projects: names.map(({ projectId, name }) => {
          const limit = limits.find((each) => each.projectId === projectId && each.pool === null);
          const counts = backlog.filter((each) => each.projectId === projectId);
          return {
            project_id: projectId,
            name,
            ...toProjectLimits(limit ?? NO_LIMITS),
            ...toBacklog(counts),
            paused: limit?.paused ?? false,
          };
        }),
      };
    }),

    implement(setFleetProject, async ({ tx, orgId, params, body, caller, audit }) => {
      const projectId = await demandProject(tx, orgId, { caller, named: params.project });
      audit.about(`project:${projectId} limits`, { said: JSON.stringify(body) });
      const { weight, max_running: maxRunning, max_queued: maxQueued, max_starts: starts } = body;
      const limit = await change(
        tx,
        { orgId, projectId, pool: null },
        {
          ...(weight === undefined ? {} : { weight }),
          ...(maxRunning === undefined ? {} : { maxRunning }),
          ...(maxQueued === undefined ? {} : { maxQueued }),
          ...(starts === undefined ? {} : { rate: fromStarts(starts) }),
        },
      );
      return { project_id: projectId, ...toProjectLimits(limit), paused: limit.paused };
    }),

    implement(listQueues, async ({ tx, orgId, caller }) => {
      const bound = boundProject(caller);
      const limits = await readLimits(tx, orgId);
      const backlog = (await readBacklog(tx, orgId)).filter(
        ({ projectId }) => bound === null || projectId === bound,
      );
      return {
        queues: placesWithLimits(limits, backlog, bound).map(
          ({ pool, projectId, limit, counts }) => ({
            pool,
            project_id: projectId,
            ...toPoolLimits(limit ?? NO_LIMITS),
            ...toBacklog(counts),
            paused: limit?.paused ?? false,
          }),
        ),
      };
    }),

    implement(setQueue, async ({ tx, orgId, params, body, caller, audit }) => {
      const { pool } = params;
      const { project, max_queued: maxQueued, max_starts: starts } = body;
      const place = await demandPlace(tx, orgId, { caller, project, pool });
      audit.about(nameOf(place), { said: JSON.stringify(body) });
      const limit = await change(tx, place, {
        ...(maxQueued === undefined ? {} : { maxQueued }),
        ...(starts === undefined ? {} : { rate: fromStarts(starts) }),
      });
      return {
        pool,
        project_id: limit.projectId,
        ...toPoolLimits(limit),
        paused: limit.paused,
      };
    }),

    implement(pauseFleet, async ({ tx, orgId, body, caller, audit }) => {
      const place = await demandPlace(tx, orgId, { caller, ...body });
      audit.about(nameOf(place), { paused: true });
      return pause(tx, place, true);
    }),

    implement(resumeFleet, async ({ tx, orgId, body, caller, audit }) => {
      const place = await demandPlace(tx, orgId, { caller, ...body });
      audit.about(nameOf(place), { paused: false });
      return pause(tx, place, false);
    }),
  ];
}

interface Named {
  readonly caller: Caller;
  readonly project?: string | undefined;
  readonly pool?: string | undefined;
}

async function demandPlace(tx: Tx, orgId: OrganizationId, of: Named): Promise<LimitPlace> {
  const { caller, project, pool } = of;
  if (project === undefined && pool === undefined) {
    throw new Fault('request.invalid', 'neither a project nor a pool was named', {
      detail: 'Name a project, a pool, or both.',
    });
  }
  if (project !== undefined) {
    const projectId = await demandProject(tx, orgId, { caller, named: project });
    return { orgId, projectId, pool: pool ?? null };
  }
  if (boundProject(caller) !== null) {
    throw new Fault('caller.forbidden', 'a token of one project was used for a whole pool', {
      detail: 'This token is bound to a project: name the project too.',
    });
  }
  return { orgId, projectId: null, pool: pool ?? null };
}

async function demandProject(
  tx: Tx,
  orgId: OrganizationId,
  { caller, named }: { readonly caller: Caller; readonly named: string },
): Promise<ProjectId> {
  const project = await findProject(tx, orgId, named);
  const bound = boundProject(caller);
  const within = bound === null || project?.id === bound ? project : null;
  return found(within, NO_SUCH_PROJECT, 'project.missing').id;
}

const nameOf = ({ projectId, pool }: LimitPlace): string =>
  [
    ...(projectId === null ? [] : [`project:${projectId}`]),
    ...(pool === null ? [] : [`pool:${pool}`]),
  ].join(' ');
