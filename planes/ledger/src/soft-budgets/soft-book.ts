import type { Clock } from '@sagewai/clock';
import type { Log } from '@sagewai/log';
import { type Db, inTenant } from '@sagewai/postgres';
import type { ProjectId } from '@sagewai/wire';

import { decideSoft, type Exceeded } from './decide-soft.ts';
import type { ProjectPlace, SoftProject } from './soft-limit.ts';
import { listSoftProjects, readSoftProject } from './soft-limits.sql.ts';
import type { SoftMeters } from './soft-meters.ts';
import { createTeller } from './tell-people.ts';

export interface SoftBookOptions {
  /** As the role of requests. */
  readonly db: Db;
  readonly clock: Clock;
  readonly log: Log;
  readonly meters: SoftMeters;
  readonly settings: SoftSettings;
}

export interface SoftSettings {
  /** From when what is known is read again, beside the calls. */
  readonly refreshMs: number;
  /** F3. What is older is not judged by: the call waits for the database. */
  readonly ageMsMax: number;
  /** F5. Whether calls pass while the spend cannot be read. */
  readonly onFailure: 'open' | 'closed';
}

export const SOFT_DEFAULTS: SoftSettings = { refreshMs: 1_000, ageMsMax: 5_000, onFailure: 'open' };

export interface SoftCall extends ProjectPlace {
  readonly agent: string | null;
}

/** Null: the call may go on. `unknown`: the spend cannot be read, and it may not (F5). */
export type SoftVerdict = Exceeded | 'unknown' | null;

export interface SoftBook {
  /** A plain value when nothing concerns the call, or all that does is known (F2). */
  judge(call: SoftCall): SoftVerdict | Promise<SoftVerdict>;
  /** Something of the project has changed here: it is read again before it is judged by. */
  forget(projectId: ProjectId): void;
}

interface Remembered<Value> {
  readonly value: Value;
  /** From before it was asked for. */
  readonly askedMs: number;
}

const PROJECTS_MAX = 10_000;
/**
 * After a failure nobody asks for so long: a database that is away is not asked by every call. Of one project, whose
 * spend alone cannot be read, the others know nothing.
 */
const FAILURE_PAUSE_MS = 500;

/** What each replica knows of soft limits: read beside the calls, never once a call. */
export function createSoftBook(options: SoftBookOptions): SoftBook {
  const { db, clock, log, meters, settings } = options;
  const teller = createTeller({ db, log });
  const projects = new Map<ProjectId, Remembered<SoftProject>>();
  const asking = new Map<string, Promise<void>>();
  let limited: Remembered<ReadonlySet<ProjectId>> | null = null;
  const failedMs = new Map<string, number>();

  const ask = (what: string, work: () => Promise<void>): Promise<void> => {
    const under = asking.get(what);
    if (under !== undefined) return under;
    if (clock.monotonicMs() - (failedMs.get(what) ?? -Infinity) < FAILURE_PAUSE_MS) {
      return Promise.reject(new Error('the last read failed just now'));
    }
    const asked = work()
      .then(() => void failedMs.delete(what))
      .catch((error: unknown) => {
        if (failedMs.size >= PROJECTS_MAX) failedMs.clear();
        failedMs.set(what, clock.monotonicMs());
        throw error;
      })
      .finally(() => asking.delete(what));
    asking.set(what, asked);
    return asked;
  };
  const askLimited = (): Promise<void> =>
    ask('', async () => {
      const askedMs = clock.monotonicMs();
      limited = { value: await listSoftProjects(db), askedMs };
    });
  const askProject = (place: ProjectPlace): Promise<void> =>
    ask(place.projectId, async () => {
      const { orgId, projectId } = place;
      const askedMs = clock.monotonicMs();
      const value = await inTenant(db, [orgId], (tx) => readSoftProject(tx, place));
      projects.delete(projectId);
      projects.set(projectId, { value, askedMs });
      const [oldest] = projects.keys();
      if (projects.size > PROJECTS_MAX && oldest !== undefined) projects.delete(oldest);
      await teller.tellMissed(place);
    });

  /** What is remembered, read again beside the caller when it is not fresh; undefined: too old (F3). */
  const remembered = <Value>(
    of: Remembered<Value> | null | undefined,
    again: () => Promise<void>,
  ): Value | undefined => {
    if (!of) return undefined;
    const ageMs = clock.monotonicMs() - of.askedMs;
    if (ageMs >= settings.ageMsMax) return undefined;
    if (ageMs >= settings.refreshMs) {
      // If it fails, whoever must have it asks again, and sees the failure.
      again().catch(() => undefined);
    }
    return of.value;
  };

  const conclude = (call: SoftCall, project: SoftProject): SoftVerdict => {
    const exceeded = decideSoft(project, call.agent);
    if (exceeded === null) return null;
    meters.judged(exceeded.action);
    teller.tellExceeded(call, project, exceeded);
    return exceeded;
  };

  /** With waits, where something is not known yet or too old. */
  const find = async (call: SoftCall): Promise<SoftVerdict> => {
    try {
      if (remembered(limited, askLimited) === undefined) await askLimited();
      if (limited?.value.has(call.projectId) !== true) return null;
      if (remembered(projects.get(call.projectId), () => askProject(call)) === undefined) {
        await askProject(call);
      }
      const project = projects.get(call.projectId);
      if (project === undefined) throw new Error('a project that was read is not there');
      return conclude(call, project.value);
    } catch (error) {
      return fail(call, error);
    }
  };

  const fail = (call: SoftCall, error: unknown): SoftVerdict => {
    const isOpen = settings.onFailure === 'open';
    meters.unread(settings.onFailure);
    if (teller.noteMissed(call, isOpen)) {
      log.error(
        isOpen
          ? 'soft budgets cannot be read: calls pass unlooked at'
          : 'soft budgets cannot be read: calls are refused',
        { project: call.projectId, error },
      );
    }
    return isOpen ? null : 'unknown';
  };

  return {
    judge: (call) => {
      const known = remembered(limited, askLimited);
      if (known === undefined) return find(call);
      if (!known.has(call.projectId)) return null;
      const project = remembered(projects.get(call.projectId), () => askProject(call));
      return project === undefined ? find(call) : conclude(call, project);
    },
    forget: (projectId) => {
      projects.delete(projectId);
      limited = null;
    },
  };
}
