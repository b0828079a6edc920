import { type Caller, found, implement, implementOwn, type Route } from '@sagewai/http';
import { boundProject, findProject } from '@sagewai/identity';
import { inTenant, type Tx } from '@sagewai/postgres';
import {
  cancelRun,
  cancelTask,
  getRun,
  getTask,
  listRuns,
  listTasks,
  type OrganizationId,
  type ProjectId,
  type RunId,
  type RunState,
  submitRun,
  submitRuns,
  submitTask,
  submitTasks,
} from '@sagewai/wire';

import { boundAnswer } from '../dispatch/bound-answer.ts';
import { cancelTrees } from '../dispatch/queue.sql.ts';
import { readHeads, type SaidSoFar } from '../events/run-events.sql.ts';
import { demandOrganization, submitterOf } from '../identity/calling-person.ts';
import { readLarge } from '../objects/read-large.ts';
import type { FleetParts } from '../parts.ts';
import { readAttempts } from '../runs/attempts.sql.ts';
import { belowOf, recordBelow } from '../runs/children.sql.ts';
import { readIdempotencyKey } from '../runs/idempotency-key.ts';
import { openRun } from '../runs/open-run.ts';
import { placeMistakes } from '../runs/place-mistakes.ts';
import { readRunSpent } from '../runs/run-spending.ts';
import { toRunState, toTaskState } from '../runs/run.ts';
import { findRun, listRuns as readRuns, type RunDetail } from '../runs/runs.sql.ts';
import type { Submission } from '../runs/submissions.ts';
import { toAttempt, toProgress, toRun, toTask, toWait } from '../runs/to-wire.ts';
import { openContents } from '../secrecy/open-contents.ts';
import { openWait } from '../secrecy/wait-contents.ts';
import { findWait } from '../waits/waits.sql.ts';

const RUNS_PER_PAGE = 50;
const NO_SUCH_RUN = 'There is no such run.';
const ENDED: ReadonlySet<RunState> = new Set(['completed', 'failed', 'cancelled']);

/** For whoever has runs done. `tasks` is the fleet API's word for the same. */
export function runRoutes(parts: FleetParts): Route[] {
  const { db, submissions, watch, contentKeys, largeContents, settings } = parts;
  const openHead = async (tx: Tx, orgId: OrganizationId, head: SaidSoFar) => {
    const [seen] = await openContents(contentKeys, { orgId, tx }, [
      { ...head, error: head.message },
    ]);
    return { ...head, message: seen?.error ?? null };
  };
  const readOpened = async (tx: Tx, orgId: OrganizationId, runId: RunId) => {
    const attempts = await readAttempts(tx, runId);
    const rows = attempts.map((attempt) => ({ ...attempt, runId }));
    return openContents(contentKeys, { orgId, tx }, rows);
  };
  const readWait = async (tx: Tx, orgId: OrganizationId, runId: RunId) =>
    openWait(contentKeys, { orgId, runId, tx }, await findWait(tx, runId));
  return [
    implementOwn(submitRun, async ({ body, caller, request }) => {
      const keyed = withKey(body, request);
      const [run] = await placeMistakes('', submissions.submit([keyed], submitterOf(caller)));
      const { runId, ...accepted } = found(run, NO_SUCH_RUN);
      return { id: runId, ...accepted };
    }),

    implementOwn(submitRuns, async ({ body, caller }) => {
      const accepted = await placeMistakes(
        '/runs',
        submissions.submit(body.runs, submitterOf(caller)),
      );
      return { runs: accepted.map(({ runId, ...run }) => ({ id: runId, ...run })) };
    }),

    implementOwn(submitTask, async ({ body, caller, request }) => {
      const keyed = withKey(body, request);
      const [run] = await placeMistakes('', submissions.submit([keyed], submitterOf(caller)));
      const { runId, ...accepted } = found(run, NO_SUCH_RUN);
      return { run_id: runId, ...accepted };
    }),

    implementOwn(submitTasks, async ({ body, caller }) => {
      const accepted = await placeMistakes(
        '/tasks',
        submissions.submit(body.tasks, submitterOf(caller)),
      );
      return { tasks: accepted.map(({ runId, ...run }) => ({ run_id: runId, ...run })) };
    }),

    implement(listRuns, async ({ tx, orgId, query, caller }) => {
      const limit = query.limit ?? RUNS_PER_PAGE;
      const rows = await readRuns(tx, {
        orgId,
        projectId: await projectWithin(tx, { orgId, caller, named: query.project }),
        state: query.state,
        cursor: query.cursor as RunId | undefined,
        limit,
      });
      const last = rows.length === limit ? rows.at(-1) : undefined;
      const seen = await openContents(contentKeys, { orgId, tx }, rows);
      return { runs: seen.map(toRun), next_cursor: last?.runId ?? null };
    }),

    implement(listTasks, async ({ tx, orgId, query, caller }) => {
      const state = query.status === undefined ? undefined : toRunState(query.status);
      const projectId = boundProject(caller);
      const limit = query.limit ?? RUNS_PER_PAGE;
      const rows = await readRuns(tx, { orgId, projectId, state, limit });
      // A page ends where it is large enough: what is left out is read one by one.
      const bytesOf = ({ runId, output }: (typeof rows)[number]): number =>
        output === null
          ? 0
          : largeContents.bytesOf({ orgId, runId, kind: 'output' }, JSON.stringify(output));
      const { fits } = boundAnswer(rows, bytesOf, settings.answerBytesMax);
      const whole = await readLarge(largeContents, orgId, fits);
      const seen = await openContents(contentKeys, { orgId, tx }, whole);
      return { tasks: seen.map(toTask) };
    }),

    implementOwn(getRun, async ({ params, query, caller, request }) => {
      const orgId = demandOrganization(caller);
      const runId = params.run_id as RunId;
      const look = (): Promise<RunDetail> =>
        inTenant(db, [orgId], (tx) => demandRun(tx, runId, caller));
      const seen = await look();
      const known = query.known_state ?? seen.state;
      const waitMs = query.wait_ms ?? 0;
      const isOld = waitMs > 0 && seen.state === known && !ENDED.has(known);
      if (isOld) {
        const signal = AbortSignal.any([request.signal, request.draining]);
        await watch.wait({ orgId, runId, known, waitMs, signal });
      }
      const run = await openRun(parts, isOld ? await look() : seen);
      return inTenant(db, [orgId], async (tx) => {
        const spent = await readRunSpent(tx, { orgId, runId });
        const [head] = await readHeads(tx, [runId]);
        const { payload, output, retry, timeoutMs } = run;
        return {
          ...toRun(run),
          payload,
          output,
          waiting: toWait(run.state === 'waiting' ? await readWait(tx, orgId, runId) : null),
          progress: toProgress(head && (await openHead(tx, orgId, head))),
          attempts: (await readOpened(tx, orgId, runId)).map(toAttempt),
          timeout_seconds: timeoutMs === null ? null : timeoutMs / 1_000,
          retry,
          ...spent,
        };
      });
    }),

    implementOwn(getTask, async ({ params, caller }) => {
      const orgId = demandOrganization(caller);
      const runId = params.run_id as RunId;
      const run = await inTenant(db, [orgId], (tx) => demandRun(tx, runId, caller));
      return toTask(await openRun(parts, run));
    }),

    implement(cancelRun, async ({ tx, params, caller, audit }) => {
      const id = params.run_id as RunId;
      audit.about(`run:${id}`);
      const { state, cancelRequested } = await cancelIn(tx, id, { caller, parts });
      return { id, state, cancel_requested: cancelRequested };
    }),

    implement(cancelTask, async ({ tx, params, caller, audit }) => {
      const id = params.run_id as RunId;
      audit.about(`run:${id}`);
      const { state, cancelRequested } = await cancelIn(tx, id, { caller, parts });
      return { run_id: id, status: toTaskState(state), cancel_requested: cancelRequested };
    }),
  ];
}

async function cancelIn(
  tx: Tx,
  runId: RunId,
  { caller, parts }: { caller: Caller; parts: FleetParts },
): Promise<RunDetail> {
  await demandRun(tx, runId, caller);
  const cancelled = await cancelTrees(tx, [runId]);
  tx.onCommit(() => {
    for (const one of cancelled) parts.watch.touch(one.runId);
  });
  const seen = await demandRun(tx, runId, caller);
  await recordBelow(tx, belowOf(cancelled));
  return seen;
}

/** As it is stored. A token that is bound to a project does not know of the others' runs. */
async function demandRun(tx: Tx, runId: RunId, caller: Caller): Promise<RunDetail> {
  const run = await findRun(tx, runId);
  const bound = boundProject(caller);
  return found(bound === null || run?.projectId === bound ? run : null, NO_SUCH_RUN);
}

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

function withKey(
  submission: Submission,
  request: Parameters<typeof readIdempotencyKey>[0],
): Submission {
  const key = readIdempotencyKey(request);
  return key === null ? submission : { ...submission, idempotency_key: key };
}
