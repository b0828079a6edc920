import type { OutputOf, readJournal } from '@sagewai/wire';

import type { StepRow } from './journal.ts';

type WireStep = OutputOf<typeof readJournal>['steps'][number];

export function toStep(row: StepRow): WireStep {
  return { ...toFacts(row), result: row.result };
}

/** Without what it has answered. */
export function toFacts(row: StepRow): Omit<WireStep, 'result'> {
  return {
    seq: Number(row.seq),
    change: Number(row.change),
    name: row.name,
    ordinal: row.ordinal,
    kind: row.kind,
    state: row.state,
    input_digest: row.inputDigest,
    result_digest: row.blobDigest,
    error: row.error,
    is_final: row.isFinal,
    tries: row.tries,
    started_at: row.startedAt.toISOString(),
    ended_at: row.endedAt?.toISOString() ?? null,
    attempt: row.attempt,
    epoch: Number(row.epoch),
    worker_id: row.workerId,
  };
}
