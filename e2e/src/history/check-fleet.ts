import type { FinalState, HistoryEvent } from './event.ts';

type EventOf<Kind extends HistoryEvent['kind']> = Extract<HistoryEvent, { kind: Kind }>;

/** What the promises of one kind of history are decided by. */
export interface FleetHistory {
  readonly submitted: readonly EventOf<'submitted'>[];
  readonly registered: readonly EventOf<'registered'>[];
  readonly claimed: readonly EventOf<'claimed'>[];
  readonly polled: readonly EventOf<'polled'>[];
  readonly reported: readonly EventOf<'reported'>[];
  readonly tried: readonly EventOf<'tried again'>[];
  readonly gaveUp: readonly EventOf<'gave up'>[];
  readonly answered: readonly EventOf<'answered'>[];
}

/** H10: a run that was put off is not handed out before it is due. */
export function checkDelays({ submitted, claimed }: FleetHistory): string[] {
  const dueOf = new Map(submitted.map(({ runId, dueMs }) => [runId, dueMs]));
  return claimed.flatMap(({ runId, answeredMs }) => {
    const dueMs = dueOf.get(runId);
    const earlyMs = dueMs === undefined ? 0 : Math.round(dueMs - answeredMs);
    return earlyMs > 0 ? [`H10: run ${runId} was handed out ${earlyMs} ms too early`] : [];
  });
}

/** How often a run with a policy is tried, and what its policy says of the classes of its errors. */
export const POLICY = {
  max_attempts: 3,
  base_ms: 20,
  factor: 1,
  max_ms: 50,
  classes: { flaky: true, broken: false },
} as const;
export type ErrorClass = keyof (typeof POLICY)['classes'];

/** H11: an attempt that failed is followed by another exactly when the policy says so of its class. */
export function checkRetries({ reported, tried }: FleetHistory, final: FinalState): string[] {
  const isOpen = ({ attempt, errorClass }: { attempt: number; errorClass: ErrorClass }): boolean =>
    POLICY.classes[errorClass] && attempt < POLICY.max_attempts;
  const statusOf = new Map(final.outcomes.map(({ runId, status }) => [runId, status]));
  const forbidden = tried
    .filter((one) => !isOpen(one))
    .map(
      ({ runId, attempt, errorClass }) =>
        `H11: run ${runId} is tried again after attempt ${attempt} failed (${errorClass})`,
    );
  const denied = reported.flatMap(({ runId, failure, accepted, repeated }) => {
    if (!failure || !accepted || repeated || !isOpen(failure)) return [];
    if (statusOf.get(runId) === 'cancelled') return [];
    return [`H11: run ${runId} ended with attempt ${failure.attempt} (${failure.errorClass})`];
  });
  return [...forbidden, ...denied];
}

/** H12: a dead letter is repeated by one run. What was answered is held against H2. */
export function checkRedrives({ redrives }: FinalState): string[] {
  return redrives
    .filter(({ runs }) => runs > 1)
    .map(({ of, runs }) => `H12: dead run ${of} is repeated by ${runs} runs`);
}

/**
 * H13: who waits or hands back has no lease any more, so nothing ends the run under it; no attempt counts
 * for it; and of all answers to one wait, one ends it.
 */
export function checkGivenUp(
  { reported, gaveUp, answered }: FleetHistory,
  final: FinalState,
): string[] {
  const gaveUpAt = new Map(gaveUp.map(({ runId, epoch, ...of }) => [`${runId} ${epoch}`, of]));
  const broken = reported.flatMap(({ runId, epoch, accepted, repeated, sentMs }) => {
    const given = gaveUpAt.get(`${runId} ${epoch}`);
    if (!given || !accepted || repeated || sentMs < given.answeredMs) return [];
    return [`H13: run ${runId} accepted epoch ${epoch} after its worker ${given.how}`];
  });
  const counted = final.attempts.filter(({ runId, epoch }) => gaveUpAt.has(`${runId} ${epoch}`));
  const waits = Map.groupBy(answered, ({ runId, wait }) => `${runId} since epoch ${wait}`);
  return [
    ...broken,
    ...counted.map(({ runId, epoch }) => `H13: run ${runId} counts epoch ${epoch} as an attempt`),
    ...[...waits]
      .filter(([, answers]) => answers.length > 1)
      .map(([wait, answers]) => `H13: the wait of ${wait} was ended ${answers.length} times`),
  ];
}

/** H14: each planned instant of a schedule has one firing, with the run that it says. */
export function checkSchedules({ firings, strays }: FinalState): string[] {
  const outcomeless = firings.filter(({ outcomes }) => outcomes !== 1);
  const instants = Map.groupBy(firings, ({ plannedAt }) => plannedAt);
  return [
    ...strays.map((runId) => `H14: run ${runId} of a schedule belongs to no instant`),
    ...outcomeless.map(({ plannedAt }) => `H14: the run of ${plannedAt} has no outcome`),
    ...[...instants]
      .filter(([, fired]) => fired.length > 1)
      .map(([plannedAt, fired]) => `H14: ${plannedAt} has fired ${fired.length} times`),
  ];
}

/** H15: while a poll's leases live, the same poll again is given nothing else. */
export function checkPolls({ polled, reported }: FleetHistory): string[] {
  const lastMs = new Map<number, number>();
  for (const { epoch, accepted, repeated, sentMs } of reported) {
    if (accepted && !repeated) lastMs.set(epoch, Math.max(lastMs.get(epoch) ?? 0, sentMs));
  }
  const broken: string[] = [];
  for (const [pollId, answers] of Map.groupBy(polled, (poll) => poll.pollId)) {
    for (const [at, answer] of answers.entries()) {
      const before = answers.slice(0, at).flatMap(({ epochs }) => epochs);
      const isAlive = before.some((epoch) => (lastMs.get(epoch) ?? 0) > answer.answeredMs);
      const more = answer.epochs.filter((epoch) => !before.includes(epoch));
      if (isAlive && more.length > 0) {
        broken.push(`H15: poll ${pollId} was given ${more.length} further leases when repeated`);
      }
    }
  }
  return broken;
}

/** H16: a worker is given what it was enrolled for, and nothing else. */
export function checkPlacement({ submitted, registered, claimed }: FleetHistory): string[] {
  const needsOf = new Map(submitted.map(({ runId, needs }) => [runId, needs]));
  const workerOf = new Map(registered.map((worker) => [worker.workerId, worker]));
  return claimed.flatMap(({ runId, workerId }) => {
    const needs = needsOf.get(runId);
    const worker = workerOf.get(workerId);
    if (!needs || !worker) return [];
    const fits =
      needs.pool === worker.pool &&
      (needs.model === null || worker.models.includes(needs.model)) &&
      Object.entries(needs.labels).every(([name, value]) => worker.labels[name] === value);
    return fits ? [] : [`H16: run ${runId} was given to a worker that does not match`];
  });
}
