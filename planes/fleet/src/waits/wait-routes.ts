import { Fault } from '@sagewai/fault';
import { type Caller, found, implement, implementOwn, type Route } from '@sagewai/http';
import { boundProject } from '@sagewai/identity';
import type { Tx } from '@sagewai/postgres';
import { nameActor } from '@sagewai/trust';
import {
  approveRun,
  denyRun,
  type OutputOf,
  RESUME_VALUE_BYTES_MAX,
  type RunId,
  signalRun,
  WAIT_MS_MAX,
  waitForResume,
} from '@sagewai/wire';

import { staleLease } from '../dispatch/stale-lease.ts';
import { demandOrganization } from '../identity/calling-person.ts';
import { demandWorker } from '../identity/calling-worker.ts';
import type { FleetParts } from '../parts.ts';
import { encodeContent } from '../runs/encode-content.ts';
import { findRunState } from '../runs/runs.sql.ts';
import { sealPrompt, sealValue } from '../secrecy/wait-contents.ts';
import type { Answer, Resumed, WaitAnswer } from './wait.ts';
import { resumeRun } from './waits.sql.ts';

const NO_SUCH_RUN = 'There is no such run.';
const STATE = {
  waiting: 'waiting',
  repeated: 'waiting',
  resumed: 'queued',
  cancelled: 'cancelled',
} as const satisfies Record<Exclude<WaitAnswer['how'], 'lost'>, string>;

/** Runs that wait for a person or a signal, and whoever ends that. */
export function waitRoutes(parts: FleetParts): Route[] {
  const { waits, heartbeats, settings, contentKeys } = parts;
  return [
    implementOwn(waitForResume, async ({ params, body, caller }) => {
      const worker = demandWorker(caller, 'report');
      heartbeats.sign(worker);
      const runId = params.run_id.toLowerCase() as RunId;
      const seconds = body.timeout_seconds;
      const { orgId } = worker.record.capabilities;
      const { how } = await waits.add({
        runId,
        orgId,
        workerNum: worker.record.num,
        sessionEpoch: worker.sessionEpoch,
        epoch: BigInt(body.epoch),
        kind: body.for,
        name: body.name,
        prompt: await sealPrompt(contentKeys, { orgId, runId }, body.prompt ?? null),
        timeoutMs: Math.min(
          WAIT_MS_MAX,
          seconds === undefined ? settings.waitMsDefault : seconds * 1_000,
        ),
      });
      if (how === 'lost') throw staleLease(runId); // F1
      return { state: STATE[how], repeated: how === 'repeated' };
    }),

    implement(approveRun, async ({ tx, params, body, caller, audit }) => {
      const runId = params.run_id as RunId;
      audit.about(`run:${runId}`, { wait: body.wait ?? null });
      const answer = { ...decisionOf(body), runId, kind: 'approved' as const };
      return answerRun(parts, tx, { caller, answer });
    }),

    implement(denyRun, async ({ tx, params, body, caller, audit }) => {
      const runId = params.run_id as RunId;
      audit.about(`run:${runId}`, { wait: body.wait ?? null });
      const answer = { ...decisionOf(body), runId, kind: 'denied' as const };
      return answerRun(parts, tx, { caller, answer });
    }),

    implement(signalRun, async ({ tx, params, body, caller, audit }) => {
      const runId = params.run_id as RunId;
      audit.about(`run:${runId}`, { signal: body.name });
      const { name, value } = decisionOf(body);
      const answer = { runId, kind: 'signal' as const, name, value, wait: null };
      return answerRun(parts, tx, { caller, answer });
    }),
  ];
}

function decisionOf(body: { name?: string; wait?: number; value?: unknown }) {
  const { name, wait, value } = body;
  return {
    name: name ?? null,
    wait: wait === undefined ? null : BigInt(wait),
    value:
      value === undefined || value === null
        ? null
        : encodeContent(value, 'value', RESUME_VALUE_BYTES_MAX),
  };
}

async function answerRun(
  parts: FleetParts,
  tx: Tx,
  { caller, answer }: { caller: Caller; answer: Omit<Answer, 'by'> },
): Promise<OutputOf<typeof approveRun>> {
  const { runId } = answer;
  const bound = boundProject(caller);
  const run = await findRunState(tx, runId);
  const { projectId } = found(bound === null || run?.projectId === bound ? run : null, NO_SUCH_RUN);
  const by = nameActor(caller);
  const of = { orgId: demandOrganization(caller), runId, projectId };
  const value = await sealValue(parts.contentKeys, of, answer.value);
  const resumed = found(
    await resumeRun(tx, { ...answer, value, by }, parts.settings.signalsKeptMax),
    NO_SUCH_RUN,
  );
  demandHeard(resumed, answer);
  if (resumed.how === 'resumed') {
    const { line } = resumed;
    tx.onCommit(() => parts.afterQueued([{ ...line, runId }]));
  }
  const now = found(await findRunState(tx, runId), NO_SUCH_RUN);
  return { id: runId, state: now.state, resumed: resumed.how === 'resumed' };
}

function demandHeard({ how }: Resumed, { kind }: Pick<Answer, 'kind'>): void {
  if (how === 'resumed' || how === 'kept') return;
  if (how === 'full') {
    throw new Fault('rate.exceeded', 'too many signals are kept', {
      detail: 'The run has as many signals that it does not wait for as may be kept.',
    });
  }
  const detail =
    how === 'ended'
      ? 'The run has ended.'
      : `The run does not wait for ${kind === 'signal' ? 'this signal' : 'this approval'}: it was ` +
        'answered before, its time was up, or it has not come so far.';
  throw new Fault('state.conflict', `the run is ${how}`, { detail });
}
