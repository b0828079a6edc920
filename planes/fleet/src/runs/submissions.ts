import type { KeyObject } from 'node:crypto';

import { newId } from '@sagewai/crypto';
import type { BodyOf, OrganizationId, ProjectId, RunId, submitRun } from '@sagewai/wire';

import type { Backlog } from '../dispatch/backlog.ts';
import { countLines, type HintedLine } from '../dispatch/hints.ts';
import type { InternRequest } from '../dispatch/queue.sql.ts';
import type { PoolSetting } from '../dispatch/strategy.ts';
import { GroupCommit } from '../group-commit.ts';
import type { FullQueues } from '../limits/full-queues.ts';
import type { ServerRoom } from '../limits/server-room.ts';
import type { DecidedRequirement } from '../matching/decide-requirement.ts';
import { directed, type DirectedLine } from '../matching/directed-line.ts';
import type { Directions } from '../matching/directions.ts';
import { classKey, type Requirement, type Routing } from '../matching/match-class.ts';
import type { ProjectRouting } from '../matching/project-routing.ts';
import { type ChooseTier, resolveAuto } from '../matching/resolve-auto.ts';
import { keepPayloads } from '../objects/keep-payloads.ts';
import type { LargeContents } from '../objects/large-contents.ts';
import { warnOf } from '../placement/warn-of.ts';
import type { Remembered } from '../remembered.ts';
import type { ContentKeys, Sealer } from '../secrecy/content-keys.ts';
import { demandOwnSeal } from '../secrecy/own-seal.ts';
import { rampedVersion } from '../workers/version.ts';
import { type ChildBounds, refusalOf } from './child.ts';
import { demandRequirement } from './demand-requirement.ts';
import { type Place, newRunOf } from './new-run-of.ts';
import { ANY_MODEL, type NewRun, type Stored } from './run.ts';
import { misused, tooManyClasses } from './submission-faults.ts';

const NO_ROUTING: Routing = { selectors: [], preferences: [] };

export type Submission = BodyOf<typeof submitRun>;

/** For whom runs are submitted. */
export interface Submitting {
  readonly orgId: OrganizationId;
  readonly projectId: ProjectId;
}

/** And by whom. */
export interface Submitter extends Submitting {
  /** `token:<id>`. */
  readonly actor: string;
  /** Under which a run submits; left out: it is no run. */
  readonly lease?: { readonly runId: RunId; readonly epoch: number };
}

/** What the caller is told of a run that is stored. */
export interface Accepted {
  readonly runId: RunId;
  /** False: the idempotency key had been used for the same request. */
  readonly created: boolean;
  readonly pool: string;
  /** Canonical; null: any. */
  readonly model: string | null;
  /** No worker can serve it now, and why. */
  readonly warning?: string;
}

export interface SubmissionsOptions {
  readonly backlog: Backlog;
  readonly contentKeys: ContentKeys;
  readonly largeContents: LargeContents;
  /** Requests are compared by a keyed hash: one without a key would let their content be guessed. */
  readonly hashKey: KeyObject;
  readonly store: (runs: readonly NewRun[]) => Promise<Stored[]>;
  /** Null: the organization has as many classes as it may. */
  readonly intern: (request: InternRequest) => Promise<number | null>;
  readonly classesMax: number;
  readonly routings: Remembered<Submitting, ProjectRouting>;
  /** Of a pool: what its runs are shared out by between versions of workers, and how they are retried. */
  readonly poolSettingOf: (
    orgId: OrganizationId,
    pool: string,
  ) => PoolSetting | Promise<PoolSetting>;
  /** Of runs that leave their model or pool to how complex they seem. */
  readonly chooseTier: ChooseTier;
  readonly keysMax: number;
  readonly room: ServerRoom;
  readonly full: FullQueues;
  /** Runs in one transaction. */
  readonly directions: Directions;
  readonly childBounds: ChildBounds;
  readonly batchMax: number;
  readonly lanes: number;
  /** Somebody who may have runs of the subqueue asks here, or did a moment ago. */
  readonly isAskedFor: (sq: number) => boolean;
  /** Why no worker can serve runs of this requirement now; null: one can. */
  readonly judge: (by: Submitting, requirement: Requirement) => Promise<string | null>;
  /** Told after the commit. */
  readonly onQueued: (lines: readonly HintedLine[]) => void;
}

/** Takes submissions: decides what is left open, interns what they require, stores them by group commit. */
export class Submissions {
  readonly #options: SubmissionsOptions;
  readonly #commits: GroupCommit<readonly NewRun[], Stored[]>;
  readonly #sqOf = new Map<string, Promise<number>>();

  constructor(options: SubmissionsOptions) {
    this.#options = options;
    this.#commits = new GroupCommit({
      commit: (batch) => this.#store(batch),
      weightOf: (runs) => runs.length,
      weightMax: options.batchMax,
      lanes: options.lanes,
    });
  }

  /** F8. For whoever stores runs in a transaction of its own; what is not stored after all is counted anew soon. */
  async takeRoom(count: number): Promise<void> {
    await this.#options.room.take(count);
  }

  /** Decides what is left open, for whoever stores the runs in a transaction of its own. */
  async prepare(
    submissions: readonly Submission[],
    by: Submitter,
  ): Promise<{ readonly runs: NewRun[] }> {
    return { runs: await this.#toRuns(submissions, await this.#place(submissions, by), by) };
  }

  /** What was stored stands in the queue now. */
  tell(runs: readonly NewRun[]): void {
    // What is put off is queued by a job when it is due, and told of then.
    const queued = runs.filter(
      ({ plan }) => plan?.run_at === undefined && plan?.delay_ms === undefined,
    );
    this.#options.onQueued(countLines(queued));
  }

  /** Returns after the commit (F2). All or, where an idempotency key was misused, all but those. */
  async submit(
    submissions: readonly Submission[],
    by: Submitter,
    runIds: readonly RunId[] = [],
  ): Promise<Accepted[]> {
    const { room, full } = this.#options;
    const placed = await this.#place(submissions, by);
    full.check({ ...by, pools: new Set(placed.map(({ requirement }) => requirement.pool)) });
    await room.take(submissions.length);
    const storing = this.#toRuns(submissions, placed, by, runIds).then(async (runs) => ({
      stored: await this.#commits.add(runs),
      sqs: runs.map(({ sq }) => sq),
    }));
    const { stored, sqs } = await storing.catch((error: unknown) => {
      room.giveBack(submissions.length);
      throw full.explain(error, by.orgId);
    });
    room.giveBack(stored.filter(({ how }) => how !== 'new').length);
    const { backlog, isAskedFor, judge } = this.#options;
    // As they were interned: the ramp of a pool may have added to what was asked.
    const interned = placed.map((asked, at) => ({
      ...asked,
      requirement: backlog.subqueue(sqs[at] ?? 0)?.requirement ?? asked.requirement,
    }));
    const warnings = await warnOf(interned, sqs, { isAskedFor, judge: (what) => judge(by, what) });
    return stored.map(({ runId, how }, at): Accepted => {
      if (how === 'conflict') throw misused(at, submissions.length);
      if (how !== 'new' && how !== 'same') throw refusalOf(how, this.#options.childBounds);
      const { pool, model } = (placed[at] as DecidedRequirement).requirement;
      const warning = warnings.get(sqs[at] ?? 0);
      const said = { runId, created: how === 'new', pool };
      const told = { ...said, model: model === ANY_MODEL ? null : model };
      return warning === undefined ? told : { ...told, warning };
    });
  }

  async #place(
    submissions: readonly Submission[],
    by: Submitter,
  ): Promise<readonly DecidedRequirement[]> {
    const project = await this.#options.routings.find(by);
    const { chooseTier } = this.#options;
    const decided = await resolveAuto(submissions, { project, by, chooseTier });
    return decided.map((asked, at) => {
      demandOwnSeal(asked, by, at);
      return demandRequirement(asked, project, at);
    });
  }

  async #toRuns(
    submissions: readonly Submission[],
    placed: readonly DecidedRequirement[],
    by: Submitter,
    runIds: readonly RunId[] = [],
  ): Promise<NewRun[]> {
    const places = await Promise.all(
      placed.map(({ requirement }, at) =>
        this.#placeOf(requirement, submissions[at]?.concurrency ?? null, by),
      ),
    );
    const lines = await Promise.all(
      submissions.map((submission, at) => this.#lineFor(submission, placed[at], by)),
    );
    const { contentKeys, largeContents, hashKey, childBounds } = this.#options;
    const payloadBytesMax = largeContents.bytesMax;
    const sealer = await contentKeys.sealer(by.orgId, by.projectId); // E5
    const runs = submissions.map((submission, at) => {
      const place = places[at] ?? { runId: newId<RunId>(), sq: 0, sqAsked: 0, retry: null };
      const of = {
        ...place,
        runId: runIds[at] ?? place.runId,
        model: placed[at]?.model ?? null,
        hashKey,
        payloadBytesMax,
        childBounds,
      };
      return sealed(directed(newRunOf(submission, of, by), lines[at] ?? null), sealer);
    });
    return keepPayloads(largeContents, runs);
  }

  async #placeOf(
    requirement: Requirement,
    concurrency: InternRequest['concurrency'],
    by: Submitter,
  ): Promise<Place> {
    const runId = newId<RunId>();
    const known = this.#options.poolSettingOf(by.orgId, requirement.pool);
    const { ramp = null, retry = null } = known instanceof Promise ? await known : known;
    const sqAsked = await this.#sqFor(requirement, concurrency, by);
    const pinned = requirement.routing?.pin !== undefined;
    const ramped = pinned ? undefined : rampedVersion(runId, ramp);
    if (ramped === undefined) return { runId, sq: sqAsked, sqAsked, retry };
    const routing = { ...(requirement.routing ?? NO_ROUTING), ramped };
    const sq = await this.#sqFor({ ...requirement, routing }, concurrency, by);
    return { runId, sq, sqAsked, retry };
  }

  /** Where it stands in line for one worker; null: for all that match. */
  async #lineFor(
    submission: Submission,
    placed: DecidedRequirement | undefined,
    by: Submitter,
  ): Promise<DirectedLine | null> {
    if (submission.routing?.worker_id === undefined && submission.sticky === undefined) return null;
    if (placed === undefined) return null;
    const { requirement } = placed;
    const direction = await this.#options.directions.decide(submission, requirement, by);
    if (direction === null) return null;
    const { workerNum } = direction;
    const sq = await this.#sqFor(requirement, submission.concurrency ?? null, by, workerNum);
    return { sq, direction };
  }

  async #store(batch: readonly (readonly NewRun[])[]): Promise<Stored[][]> {
    const runs = batch.flat();
    const stored = await this.#options.store(runs);
    this.tell(runs.filter((_, at) => stored[at]?.how === 'new'));
    let start = 0;
    return batch.map((part) => stored.slice(start, (start += part.length)));
  }

  #sqFor(
    requirement: Requirement,
    concurrency: InternRequest['concurrency'],
    { orgId, projectId }: Submitter,
    workerNum: number | null = null,
  ): Promise<number> {
    const key = JSON.stringify([projectId, classKey(requirement), concurrency?.key, workerNum]);
    const known = this.#sqOf.get(key);
    if (known !== undefined) return known;
    const { backlog, intern, classesMax, keysMax } = this.#options;
    const of = { orgId, projectId, ...requirement, classesMax, concurrency, keysMax, workerNum };
    const interned = intern(of).then((sq) => {
      if (sq === null) throw tooManyClasses(classesMax, concurrency === null ? null : keysMax);
      const line = { sq, orgId, projectId, requirement, workerNum };
      backlog.learn({ ...line, key: concurrency?.key ?? null });
      return sq;
    });
    this.#sqOf.set(key, interned);
    interned.catch(() => this.#sqOf.delete(key));
    return interned;
  }
}

/** E1. */
function sealed(run: NewRun, sealer: Sealer | null): NewRun {
  if (sealer === null) return run;
  return { ...run, payload: JSON.stringify(sealer.encrypt(run.runId, run.payload)) };
}
