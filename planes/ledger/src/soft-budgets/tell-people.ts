import type { Log } from '@sagewai/log';
import { type Db, inTenant } from '@sagewai/postgres';
import { appendAudit, raiseAlert } from '@sagewai/trust';
import type { ProjectId } from '@sagewai/wire';

import { forgetNotices } from '../budget-alerts/alert-rules.sql.ts';
import type { Exceeded } from './decide-soft.ts';
import type { ProjectPlace, SoftProject } from './soft-limit.ts';
import { claimNotice } from './soft-limits.sql.ts';

interface Teller {
  /** F4. Beside the call: it is not waited for. */
  tellExceeded(place: ProjectPlace, project: SoftProject, exceeded: Exceeded): void;
  /** F5. True for the first of a project since its spend was read last. */
  noteMissed(place: ProjectPlace, passed: boolean): boolean;
  /** F5. The database is back: what passed unlooked at, or was refused, is told. */
  tellMissed(place: ProjectPlace): Promise<void>;
}

const SYSTEM = 'system:ledger';
/** Windows that were told about; forgotten all at once: the database knows them. */
const TOLD_MAX = 10_000;

interface Missed {
  calls: number;
  readonly passed: boolean;
  readonly since: Date;
}

export function createTeller({ db, log }: { readonly db: Db; readonly log: Log }): Teller {
  const told = new Set<string>();
  const missed = new Map<ProjectId, Missed>();

  const tell = (place: ProjectPlace, day: string, exceeded: Exceeded): Promise<void> =>
    inTenant(db, [place.orgId], async (tx) => {
      const { limit, window, action, reason } = exceeded;
      const openedOn =
        window === 'month' && limit.month === 'calendar' ? `${day.slice(0, 7)}-01` : day;
      const subject = `soft:${place.projectId}:${limit.agent}:${window}`;
      const { orgId, projectId } = place;
      const mark = `exceeded:${action}`;
      if (!(await claimNotice(tx, { orgId, subject, openedOn, mark }))) return;
      const data = { project_id: projectId, agent_name: limit.agent, window, action, reason };
      await raiseAlert(tx, { orgId, type: 'budget.exceeded', at: new Date(), data });
      await appendAudit(tx, {
        orgId,
        actor: SYSTEM,
        action: 'budget.exceeded',
        subject: `project:${projectId}`,
        outcome: 'ok',
        requestId: '',
        details: data,
      });
      // An organization without rules has no job that does.
      await forgetNotices(tx);
    });

  return {
    tellExceeded: (place, { day }, exceeded) => {
      const name = `${place.projectId} ${exceeded.limit.agent} ${exceeded.window} ${exceeded.action} ${day}`;
      if (told.has(name)) return;
      if (told.size >= TOLD_MAX) told.clear();
      told.add(name);
      tell(place, day, exceeded).catch((error: unknown) => {
        told.delete(name); // The next call tells it.
        log.warn('nobody was told that a soft limit is exceeded', {
          project: place.projectId,
          error,
        });
      });
    },
    noteMissed: ({ projectId }, passed) => {
      const known = missed.get(projectId);
      if (known !== undefined) {
        known.calls += 1;
        return false;
      }
      missed.set(projectId, { calls: 1, passed, since: new Date() });
      return true;
    },
    tellMissed: async ({ orgId, projectId }) => {
      const what = missed.get(projectId);
      if (what === undefined) return;
      missed.delete(projectId);
      const { calls, passed, since } = what;
      const data = { project_id: projectId, calls, passed, since: since.toISOString() };
      await inTenant(db, [orgId], async (tx) => {
        await raiseAlert(tx, { orgId, type: 'budget.unchecked', at: new Date(), data });
        await appendAudit(tx, {
          orgId,
          actor: SYSTEM,
          action: 'budget.unchecked',
          subject: `project:${projectId}`,
          outcome: 'ok',
          requestId: '',
          details: data,
        });
      }).catch((error: unknown) => {
        // The next reading tells it, with what is missed meanwhile.
        const later = missed.get(projectId);
        missed.set(projectId, { ...what, calls: calls + (later?.calls ?? 0) });
        log.warn('nobody was told that calls passed a soft limit unlooked at', {
          project: projectId,
          error,
        });
      });
    },
  };
}
