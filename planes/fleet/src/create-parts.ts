import { randomUUID } from 'node:crypto';

import { inTenant } from '@sagewai/postgres';
import type { RunId } from '@sagewai/wire';

import { createRoutingParts } from './create-routing-parts.ts';
import { createSharingParts } from './create-sharing-parts.ts';
import { createWaits } from './create-waits.ts';
import { createWorkerParts } from './create-worker-parts.ts';
import { Backlog } from './dispatch/backlog.ts';
import { Claims } from './dispatch/claims.ts';
import { Hints } from './dispatch/hints.ts';
import { areAlive, type LeaseName, reportRuns, type TakenBack } from './dispatch/leases.sql.ts';
import { claimWithin, findGiven, internSubqueue, submitRuns } from './dispatch/queue.sql.ts';
import { Repeats } from './dispatch/repeats.ts';
import { tellWake } from './dispatch/tell-wake.ts';
import { RegistrationGate } from './enrollment/registration-gate.ts';
import { RunEventLog } from './events/run-event-log.ts';
import { appendEvents, readMarks } from './events/run-events.sql.ts';
import type { FleetOptions } from './fleet-options.ts';
import { GroupCommit } from './group-commit.ts';
import { IdentityMeters } from './identity/identity-meters.ts';
import { Alarm } from './limits/alarm.ts';
import { readSubqueues } from './matching/subqueues.sql.ts';
import { FleetMeters } from './meters.ts';
import { createContentParts } from './objects/create-content-parts.ts';
import type { FleetParts } from './parts.ts';
import { Reports } from './runs/reports.ts';
import { RunWatch } from './runs/run-watch.ts';
import { readStates } from './runs/runs.sql.ts';
import { Submissions } from './runs/submissions.ts';
import { rememberTurns } from './scaling/loads.sql.ts';
import { completeSettings } from './settings.ts';
import { demandUrl } from './triggers/demand-url.ts';
import { TriggerMeters } from './triggers/trigger-meters.ts';

/** Puts together what the routes and jobs of one replica share. */
export function createParts(options: FleetOptions): FleetParts {
  const { db, dispatch, clock, log } = options;
  const settings = completeSettings(options.settings ?? {});
  const monotonicMs = (): number => clock.monotonicMs();
  const onError = (error: unknown): void => log.warn('a look at the fleet failed', { error });
  const { commitLanes: lanes, runsPerCommitMax: batchMax } = settings;

  const replica = randomUUID();
  const contents = createContentParts(options, settings);
  const { costs, projects, room, full } = createSharingParts({ dispatch, settings, monotonicMs });
  const backlog = new Backlog({
    ...settings,
    weightOf: (project) => projects.weightOf(project),
    costOf: (project, pool) => costs.expected(project, pool),
    monotonicMs,
    nowMs: () => clock.now().getTime(),
  });
  const meters = new FleetMeters(options.metrics, backlog);
  const watch = new RunWatch({
    read: async (orgIds, runIds) => {
      const seen = await inTenant(db, orgIds, (tx) => readStates(tx, runIds));
      return seen.map(({ runId, state }) => ({ runId, mark: state }));
    },
    lookEveryMs: settings.watchEveryMs,
    onError,
  });
  const eventWatch = new RunWatch({
    read: (orgIds, runIds) => inTenant(db, orgIds, (tx) => readMarks(tx, runIds)),
    lookEveryMs: settings.eventWatchEveryMs,
    onError,
  });
  const eventLog = new RunEventLog({
    store: (batches) => appendEvents(db, batches, settings.eventLimits),
    eventsPerCommitMax: settings.eventsPerCommitMax,
    lanes,
    onAppended: ({ runId }) => eventWatch.touch(runId),
  });
  const onPatienceEnded = (sq: number): void => claims.look(backlog.release(sq));
  const routing = createRoutingParts({ db, dispatch, settings, monotonicMs, onPatienceEnded });
  const claims: Claims = new Claims({
    backlog,
    placements: routing.placements,
    rememberTurns: (turns) => rememberTurns(dispatch, turns),
    claim: (request) => claimWithin(db, request),
    repeats: new Repeats({
      find: (polls) => findGiven(dispatch, polls),
      everyMs: settings.repeatLookEveryMs,
      monotonicMs,
    }),
    lanes: settings.claimLanes,
    slotsPerClaimMax: settings.slotsPerClaimMax,
    onClaimed: ({ sq }, count) => meters.moved(sq, -count),
    onHeld: () => alarm.set(backlog.unparkAtMs),
  });
  const alarm = new Alarm(monotonicMs, () => {
    claims.look(backlog.unpark('due'));
    alarm.set(backlog.unparkAtMs);
  });
  const hints = new Hints({
    backlog,
    replica,
    flushMs: settings.wakeFlushMs,
    readSubqueues: (sqs) => readSubqueues(dispatch, sqs),
    notify: (payload) => tellWake(payload, { ...options, woke: () => meters.woke() }),
    look: (groups) => claims.look(groups),
    onError,
  });
  const afterFreed = (sq: number): void => {
    hints.tellFreed(sq, projects.isCapped(backlog.subqueue(sq)));
  };
  const afterQueued: FleetParts['afterQueued'] = (queued) => {
    hints.tell(queued.map(({ sq, prio }) => ({ sq, prio, count: 1 })));
    for (const { sq } of queued) meters.moved(sq, 1);
    for (const { runId } of queued) watch.touch(runId);
  };
  const afterTakenBack = (taken: readonly TakenBack[]): void => {
    afterQueued(taken.filter(({ how }) => how === 'requeued'));
    for (const { runId, sq } of taken) {
      watch.touch(runId);
      afterFreed(sq);
    }
  };
  const touch = (runId: RunId): void => watch.touch(runId);
  const waits = createWaits({ db, batchMax, lanes, touch, afterFreed, afterQueued });
  const submissions = new Submissions({
    backlog,
    routings: routing.projectRoutings,
    poolSettingOf: (orgId, pool) => routing.poolSettings.find({ orgId, pool }),
    ...contents,
    hashKey: options.lastingKeys.requestHash,
    isAskedFor: (sq) => claims.isAskedFor(sq, monotonicMs() - settings.workerTrustMs),
    judge: routing.judge,
    chooseTier: options.chooseTier,
    directions: routing.directions,
    store: (runs) => submitRuns(db, runs),
    intern: (request) => internSubqueue(db, request),
    classesMax: settings.matchClassesMax,
    keysMax: settings.concurrencyKeysMax,
    room,
    full,
    childBounds: settings,
    batchMax,
    lanes,
    onQueued: (lines) => {
      for (const { sq, count } of lines) meters.moved(sq, count);
      hints.tell(lines);
    },
  });
  const reports = new Reports({
    store: (some) => reportRuns(db, some, settings.retryBackoffMs),
    batchMax,
    lanes,
    onReported: ({ runId }, { sq, status, seconds }) => {
      watch.touch(runId);
      eventWatch.touch(runId);
      if (sq !== null) afterFreed(sq);
      if (sq === null || status === null) return;
      meters.ended(sq, status, seconds ?? 0);
      costs.observe(backlog.subqueue(sq), seconds ?? 0);
    },
  });
  const workerParts = createWorkerParts({
    db,
    dispatch,
    settings,
    replica,
    monotonicMs,
    onError,
    afterTakenBack,
    dismiss: (workerId) => claims.dismiss(workerId),
  });
  const { news } = workerParts;
  const aliveness = new GroupCommit<LeaseName, boolean>({
    commit: (leases) => areAlive(dispatch, leases),
    weightMax: 500,
    lanes,
  });
  const gate = new RegistrationGate({
    perSecond: settings.registrationsPerSecond,
    burst: settings.registrationBurst,
    trustMs: settings.organizationRateTrustMs,
    monotonicMs,
  });
  return {
    db,
    dispatch,
    clock,
    log,
    settings,
    backlog,
    hints,
    claims,
    ...routing,
    submissions,
    reports,
    waits,
    ...workerParts,
    watch,
    eventWatch,
    eventLog,
    meters,
    aliveness,
    afterQueued,
    afterTakenBack,
    afterFreed,
    projects,
    alarm,
    workerTokenKey: options.workerTokenKey,
    runTokenKey: options.runTokenKey,
    gate,
    identityMeters: new IdentityMeters(options.metrics),
    afterDecided: (workerId) => news.tell(workerId),
    sealingKeys: options.sealingKeys,
    full,
    egress: options.egress,
    checkUrl: (url) => demandUrl(options.egress, url),
    triggerMeters: new TriggerMeters(options.metrics),
    ...contents,
  };
}
