import { type HpkeKeyPair, openPayload, readSealed, sealResult } from '@sagewai/seal';

import type { Lease } from './lease.ts';
import type { Report } from './outbox.ts';
import type { RunJournal } from './run-journal.ts';
import { RunFailed } from './workflows/workflow.ts';

/** A run whose payload the server cannot read. */
export interface SealedRun {
  readonly payload: unknown;
  /** What it says, so that its submitter alone can read it. */
  seal(report: Report): Report;
}

/** Null: the payload is not sealed. A payload that is and does not open fails the run. */
export function openSealed(
  payload: unknown,
  { runId, orgId, projectId }: Lease,
  pair: HpkeKeyPair | null,
): SealedRun | null {
  const read = readSealed(payload);
  if (read.kind === 'clear') return null;
  if (read.kind === 'malformed') throw unopened(`its envelope ${read.why}`);
  const { envelope } = read;
  if (pair === null) throw unopened('this worker has no sealing key');
  const opened = openPayload(envelope, pair, { organizationId: orgId, projectId });
  if (opened.kind === 'refused') throw unopened(opened.why);
  const { contentKey } = opened;
  const seal = (text: string, part: 'output' | 'error'): string =>
    sealResult(text, { envelope, contentKey, runId, part });
  return {
    payload: opened.payload,
    seal: (report) => {
      const { output, error } = report;
      const text = output === undefined || output === null ? null : JSON.stringify(output);
      return {
        ...report,
        ...(text === null ? {} : { output: seal(text, 'output') }),
        ...(typeof error === 'string' ? { error: seal(error, 'error') } : {}),
      };
    },
  };
}

const unopened = (why: string): RunFailed =>
  new RunFailed(`the sealed payload cannot be opened here: ${why}`);

/** What it may say on the way, where the server is not to know: how far it is. */
export function quieted(voice: RunJournal): RunJournal {
  return {
    log: () => undefined,
    emit: () => undefined,
    progress: (fraction) => voice.progress(fraction),
    close: (ms) => voice.close(ms),
  };
}
