import { Fault } from '@sagewai/fault';
import { implementOwn, type Route } from '@sagewai/http';
import {
  claimRuns,
  type OutputOf,
  POLL_TIMEOUT_SECONDS_MAX,
  reportRun,
  reportRuns,
  type RunId,
} from '@sagewai/wire';

import { noteModels, noteReport } from '../anomalies/note-activity.ts';
import { boundAnswer } from '../dispatch/bound-answer.ts';
import { type LeaseName, takeBack } from '../dispatch/leases.sql.ts';
import { staleLease } from '../dispatch/stale-lease.ts';
import { demandApproved, demandCurrentSession, demandWorker } from '../identity/calling-worker.ts';
import { readPayloads } from '../objects/read-payloads.ts';
import type { FleetParts } from '../parts.ts';
import { encodeContent } from '../runs/encode-content.ts';
import type { Report, Reported } from '../runs/run.ts';
import { toLease, type WireLease } from '../runs/to-wire.ts';
import {
  checkReported,
  holdForLeases,
  leaseContent,
  sealReported,
} from '../secrecy/open-contents.ts';
import { openResumes } from '../secrecy/wait-contents.ts';
import { handBack } from './hand-backs.sql.ts';
import type { CallingWorker } from './worker.ts';

interface WireReport {
  readonly run_id: string;
  readonly epoch?: number;
  readonly status?: 'completed' | 'failed' | 'cancelled' | 'released';
  readonly output?: unknown;
  readonly error?: string | null;
  readonly retry?: boolean;
  readonly error_class?: string;
  readonly dead_letter?: boolean;
  readonly content_key_id?: string;
}

/** For workers. What they say of themselves beyond their credential never counts (F3). */
export function workerRoutes(parts: FleetParts): Route[] {
  const { claims, heartbeats, settings, activity } = parts;
  return [
    implementOwn(claimRuns, async ({ body, caller, request }) => {
      const worker = demandWorker(caller, 'claim');
      demandCurrentSession(worker);
      demandApproved(worker);
      heartbeats.sign(worker);
      if (body.models !== undefined) noteModels(activity, worker, body.models);
      const flat = body.slots === undefined;
      const pollId = body.poll_id ?? null;
      const runs = await claims.poll({
        worker: worker.record,
        sessionEpoch: worker.sessionEpoch,
        pollId,
        // One that is asked to go finds what it was given before (F6), and asks for nothing more.
        slots: worker.record.draining ? 0 : (body.slots ?? 1),
        flat,
        waitMs: worker.record.draining
          ? 0
          : waitMsOf(body.poll_timeout, settings.pollTimeoutDefaultMs),
        signal: AbortSignal.any([request.signal, request.draining]),
      });
      if (runs.length === 0 && !request.signal.aborted && !request.draining.aborted) {
        activity.askedInVain(worker.record.num, pollId);
      }
      if (runs.length > 0 && pollId === null && request.signal.aborted) {
        // Nobody hears this answer, and nobody can ask for it again (F6).
        const why = 'the worker left while it was given the run';
        const taken = await takeBack(parts.db, runs, { why, counts: false });
        parts.afterTakenBack(taken);
        return null;
      }
      const { orgId } = worker.record.capabilities;
      const { fits, rest } = boundAnswer(
        runs,
        ({ runId, payload }) =>
          parts.largeContents.bytesOf({ orgId, runId, kind: 'payload' }, payload),
        settings.answerBytesMax,
      );
      if (rest.length > 0) {
        // Given back before anybody was told of them: another poll gets them, and the attempt does not count.
        const why = 'the answer would have been too large';
        parts.afterTakenBack(await takeBack(parts.db, rest, { why, counts: false }));
      }
      const read = await readPayloads(parts, worker, fits);
      const given = await openResumes(parts.contentKeys, orgId, read);
      await holdForLeases(
        parts.contentKeys,
        orgId,
        given.map(({ payload }) => payload),
      );
      const leases = given.map((run) => leaseFor(parts, worker, run));
      if (flat) return leases[0] ?? null;
      return worker.record.draining ? { leases, draining: true } : { leases };
    }),

    implementOwn(reportRun, async ({ body, caller }): Promise<OutputOf<typeof reportRun>> => {
      const worker = demandWorker(caller, 'report');
      heartbeats.sign(worker);
      const [how = 'lost'] = await takeReports(parts, worker, [body]);
      if (how === 'lost') throw staleLease(body.run_id);
      return { status: 'ok', requeued: how === 'requeued', repeated: how === 'repeated' };
    }),

    implementOwn(reportRuns, async ({ body, caller }): Promise<OutputOf<typeof reportRuns>> => {
      const worker = demandWorker(caller, 'report');
      heartbeats.sign(worker);
      const hows = await takeReports(parts, worker, body.reports);
      return {
        results: hows.map((how, at) => ({
          run_id: body.reports[at]?.run_id ?? '',
          status: how === 'lost' ? 'lost' : 'ok',
          requeued: how === 'requeued',
          repeated: how === 'repeated',
        })),
      };
    }),
  ];
}

/** Each in its place: what ends a run, and what is handed back. */
async function takeReports(
  parts: FleetParts,
  worker: CallingWorker,
  given: readonly WireReport[],
): Promise<Reported[]> {
  const released = given.filter(({ status }) => status === 'released').map(demandLeaseName);
  const ending = given.filter(({ status }) => status !== 'released');
  const answers = await parts.reports.report(
    await Promise.all(ending.map((report) => toReport(parts, worker, report))),
  );
  for (const [at, report] of ending.entries()) {
    noteReport(parts.activity, worker, { report, answer: answers[at] });
  }
  const { record, sessionEpoch } = worker;
  const by = { workerNum: record.num, sessionEpoch };
  const taken = released.length === 0 ? [] : await handBack(parts.db, by, released);
  parts.afterTakenBack(taken);
  const handedBack = new Set(taken.map(({ runId }) => runId));
  const hows = answers.map(({ how }) => how);
  return given.map(({ status, run_id: runId }) => {
    if (status !== 'released') return hows.shift() ?? 'lost';
    return handedBack.has(runId.toLowerCase() as RunId) ? 'requeued' : 'lost';
  });
}

function demandLeaseName({ run_id: runId, epoch }: WireReport): LeaseName {
  if (epoch !== undefined) {
    return { runId: runId.toLowerCase() as RunId, epoch: BigInt(epoch) };
  }
  throw new Fault('request.invalid', 'a lease is handed back without its epoch', {
    detail: 'What is handed back is named by its epoch.',
  });
}

function leaseFor(
  { backlog, runTokenKey, settings, contentKeys }: FleetParts,
  { record }: CallingWorker,
  run: Parameters<typeof toLease>[0],
): WireLease {
  const lease = toLease(run, {
    worker: record,
    subqueue: backlog.subqueue(run.sq),
    runTokenKey,
    tokenTtlMs: settings.runTokenTtlMs,
  });
  return { ...lease, ...leaseContent(contentKeys, run.runId, run.payload) }; // E3
}

/** F1. Under the session of the credential, whatever the report says. */
async function toReport(
  { contentKeys, largeContents, settings }: FleetParts,
  { record, sessionEpoch }: CallingWorker,
  report: WireReport,
): Promise<Report> {
  const { content_key_id: keyId } = report;
  const { orgId } = record.capabilities;
  const runId = report.run_id.toLowerCase() as RunId;
  const error = report.error?.replaceAll('\u0000', '\uFFFD') ?? null;
  const output =
    report.output === undefined || report.output === null
      ? null
      : encodeContent(report.output, 'output', settings.payloadBytesMax);
  const content =
    keyId === undefined
      ? await sealReported(contentKeys, { runId, orgId }, { output, error })
      : await checkReported(
          contentKeys,
          { runId, orgId, keyId, bytesMax: settings.payloadBytesMax },
          { output: report.output, error },
        );
  const kept =
    content.output === null
      ? null
      : await largeContents.keep({ orgId, runId, kind: 'output' }, content.output);
  return {
    runId,
    orgId,
    workerNum: record.num,
    sessionEpoch,
    epoch: report.epoch === undefined ? null : BigInt(report.epoch),
    status: report.status === 'released' ? 'failed' : (report.status ?? 'completed'),
    output: kept,
    error: content.error,
    retry: report.retry ?? false,
    errorClass: report.error_class ?? null,
    deadLetter: report.dead_letter ?? false,
  };
}

function waitMsOf(seconds: number | undefined, defaultMs: number): number {
  if (seconds === undefined) return defaultMs;
  return Math.min(Math.max(seconds, 0), POLL_TIMEOUT_SECONDS_MAX) * 1_000;
}
