import { type KeyObject } from 'node:crypto';

import { mintRunToken } from '@sagewai/identity';
import {
  canonicalModel,
  type claimRuns,
  type getRun,
  type getTask,
  type listEnrollmentKeys,
  type listFleetTokens,
  type listRunEvents,
  type listRuns,
  type listWorkers,
  type OutputOf,
} from '@sagewai/wire';

import type { EnrollmentKey } from '../enrollment/enrollment-keys.sql.ts';
import type { RunEvent } from '../events/run-event.ts';
import type { SaidSoFar } from '../events/run-events.sql.ts';
import type { Subqueue } from '../matching/subqueue.ts';
import { sealKeyOf } from '../secrecy/seal-keys.ts';
import type { Wait } from '../waits/wait.ts';
import { statusOf } from '../workers/probe.ts';
import type { WorkerRecord } from '../workers/worker.ts';
import type { WorkerRow } from '../workers/workers.sql.ts';
import type { AttemptRow } from './attempts.sql.ts';
import { type ClaimedRun, toTaskState } from './run.ts';
import type { RunRow } from './runs.sql.ts';

type Task = OutputOf<typeof getTask>;
type Run = OutputOf<typeof listRuns>['runs'][number];
type Worker = OutputOf<typeof listWorkers>['workers'][number];
type Event = OutputOf<typeof listRunEvents>['events'][number];
type RunProgress = OutputOf<typeof getRun>['progress'];
type Resume = Extract<OutputOf<typeof claimRuns>, { leases: unknown }>['leases'][number]['resume'];
type WireWait = OutputOf<typeof getRun>['waiting'];
type FleetToken = OutputOf<typeof listFleetTokens>['tokens'][number];
type Key = OutputOf<typeof listEnrollmentKeys>['keys'][number];

/** A lease as its worker gets it. */
export interface WireLease {
  readonly run_id: string;
  readonly org_id: string;
  readonly project_id: string;
  readonly pool: string;
  readonly model: string | null;
  readonly labels: Record<string, string>;
  readonly payload: unknown;
  readonly content_key?: { readonly id: string; readonly key: string };
  readonly worker_id: string;
  readonly claimed_at: string;
  readonly epoch: number;
  readonly attempt: number;
  readonly max_attempts: number;
  readonly deadline: string | null;
  readonly run_token: string;
  readonly resume?: NonNullable<Resume>;
}

export function toLease(
  run: ClaimedRun,
  to: {
    readonly worker: WorkerRecord;
    readonly subqueue: Subqueue | undefined;
    readonly runTokenKey: KeyObject;
    readonly tokenTtlMs: number;
  },
): WireLease {
  const { orgId, pool } = to.worker.capabilities;
  const epoch = Number(run.epoch);
  const expiresMs = run.claimedAt.getTime() + to.tokenTtlMs;
  return {
    run_id: run.runId,
    org_id: orgId,
    project_id: run.projectId,
    pool: to.subqueue?.requirement.pool ?? pool,
    model: run.model,
    labels: { ...to.subqueue?.requirement.labels },
    payload: JSON.parse(run.payload) as unknown,
    worker_id: to.worker.id,
    claimed_at: run.claimedAt.toISOString(),
    epoch,
    attempt: run.attempt,
    max_attempts: run.maxAttempts,
    deadline: instant(run.deadline),
    ...(run.resume === null ? {} : { resume: JSON.parse(run.resume) as NonNullable<Resume> }),
    run_token: mintRunToken(to.runTokenKey, {
      runId: run.runId,
      epoch,
      orgId,
      projectId: run.projectId,
      models: run.model === null ? [] : [canonicalModel(run.model)],
      expiresAt: new Date(Math.min(expiresMs, run.deadline?.getTime() ?? expiresMs)),
    }),
  };
}

export function toTask(run: RunRow & { readonly output: unknown }): Task {
  return {
    run_id: run.runId,
    status: toTaskState(run.state),
    project_id: run.projectId,
    pool: run.pool,
    model: run.model === null ? null : canonicalModel(run.model),
    worker_id: run.workerId,
    claimed_at: instant(run.startedAt),
    error: run.state === 'cancelled' ? (run.error ?? 'cancelled') : run.error,
    output: run.output,
    reported_at: instant(run.finishedAt),
    created_at: run.createdAt.toISOString(),
    parent_run_id: run.parentRunId,
  };
}

export function toRun(run: RunRow): Run {
  return {
    id: run.runId,
    organization_id: run.orgId,
    project_id: run.projectId,
    state: run.state,
    pool: run.pool,
    model: run.model,
    labels: run.labels,
    priority: 0 - run.prio,
    max_attempts: run.maxAttempts,
    deadline: instant(run.deadline),
    attempt: run.attempt,
    worker_id: run.workerId,
    worker_name: run.workerName,
    cancel_requested: run.cancelRequested,
    submitted_by: run.submittedBy,
    created_at: run.createdAt.toISOString(),
    started_at: instant(run.startedAt),
    finished_at: instant(run.finishedAt),
    error: run.error,
    error_class: run.errorClass,
    scheduled_for: instant(run.scheduledFor),
    redrive_of: run.redriveOf,
    parent_run_id: run.parentRunId,
    root_run_id: run.rootRunId,
    depth: run.depth,
    on_parent_end: run.onParentEnd,
  };
}

export function toAttempt(row: AttemptRow): OutputOf<typeof getRun>['attempts'][number] {
  return {
    attempt: row.attempt,
    worker_id: row.workerId,
    worker_name: row.workerName,
    epoch: Number(row.epoch),
    started_at: row.startedAt.toISOString(),
    ended_at: instant(row.endedAt),
    error: row.error,
    error_class: row.errorClass,
  };
}

export function toProgress(head: SaidSoFar | undefined): RunProgress {
  if (head === undefined || (head.fraction === null && head.message === null)) return null;
  return { fraction: head.fraction, text: head.message, at: head.lastAt.toISOString() };
}

export function toWait(wait: Wait | null): WireWait {
  if (wait === null) return null;
  return {
    wait: Number(wait.epoch),
    for: wait.kind,
    name: wait.name,
    prompt: wait.prompt,
    since: wait.since.toISOString(),
    until: wait.dueAt.toISOString(),
  };
}

export function toEvent(event: RunEvent): Event {
  return {
    seq: Number(event.seq),
    at: event.at.toISOString(),
    attempt: event.attempt,
    kind: event.kind,
    level: event.level,
    text: event.text,
    fraction: event.fraction,
    data: event.data,
    left_out_before: event.leftOut,
  };
}

export function toWorker(row: WorkerRow, probeStaleMs: number): Worker {
  return {
    id: row.id,
    name: row.name,
    project_id: row.projectId,
    status: row.state,
    reason: row.reason,
    pool: row.pool,
    models: row.models,
    models_canonical: row.modelsCanonical,
    labels: row.labels,
    version: row.version,
    seal_key: sealKeyOf(row.labels),
    max_concurrent: row.maxConcurrent,
    active_runs: row.activeRuns,
    draining: row.draining,
    last_heartbeat: instant(row.lastSeenAt),
    registered_at: row.registeredAt.toISOString(),
    approved_at: row.state === 'approved' ? instant(row.decidedAt) : null,
    approved_by: row.state === 'approved' ? row.decidedBy : null,
    probe_status: statusOf(
      row.probes === null ? null : { probes: row.probes, ageMs: row.probeAgeMs ?? 0 },
      probeStaleMs,
    ),
    last_probe_at: instant(row.probedAt),
    probes: row.probes ?? [],
    ip_allowlist: [],
    requires_dual_approval: row.dualApproval,
    first_approved_by: row.firstApprovedBy,
    connection_type: null,
  };
}

export function toFleetToken(token: EnrollmentKey): FleetToken {
  const { overlap_until: _overlap, auto_approve: _auto, ...limits } = toKey(token);
  return { ...limits, scopes: token.scopes };
}

export function toKey(key: EnrollmentKey): Key {
  return {
    id: key.id,
    name: key.name,
    max_uses: key.maxUses,
    current_uses: key.currentUses,
    expires_at: instant(key.expiresAt),
    allowed_pools: key.allowedPools,
    allowed_models: key.allowedModels,
    allowed_labels: key.allowedLabels,
    allowed_cidrs: key.allowedCidrs,
    auto_approve: key.autoApprove,
    overlap_until: instant(key.overlapUntil),
    created_at: key.createdAt.toISOString(),
    created_by: key.createdBy,
    revoked: key.revokedAt !== null,
  };
}

function instant(at: Date | null): string | null {
  return at === null ? null : at.toISOString();
}
