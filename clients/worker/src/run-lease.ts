import type { Lease } from './lease.ts';
import { createModelCaller } from './models/create-model-caller.ts';
import type { Report } from './outbox.ts';
import type { Session } from './session.ts';
import type { ProviderCredentials } from './worker-options.ts';
import { runAgent } from './workflows/agent.ts';
import { RunFailed } from './workflows/workflow.ts';

/** Why a run is stopped before its end. Only a cancelled one is reported. */
export class RunStopped extends Error {
  readonly reason: 'cancelled' | 'lost' | 'drained';

  constructor(reason: 'cancelled' | 'lost' | 'drained') {
    super(`the run was ${reason}`);
    this.name = 'RunStopped';
    this.reason = reason;
  }
}

const ERROR_LENGTH_MAX = 4_000;

/** Runs one lease to its end and says what to report: null when it is not ours to report any more. */
export async function runLease(
  lease: Lease,
  session: Session,
  credentials: ProviderCredentials,
  signal: AbortSignal,
): Promise<Report | null> {
  const ours = { run_id: lease.runId, epoch: lease.epoch };
  try {
    const callModel = createModelCaller({ client: session.client, lease, credentials, signal });
    const { payload, model } = lease;
    const output = await runAgent({ payload, model, callModel, signal });
    return { ...ours, status: 'completed', output };
  } catch (thrown) {
    if (thrown instanceof RunStopped) return reportOfStopped(thrown, ours);
    const reason = thrown instanceof Error ? thrown.message : String(thrown);
    return {
      ...ours,
      status: 'failed',
      error: reason.slice(0, ERROR_LENGTH_MAX),
      retry: thrown instanceof RunFailed && thrown.retry,
    };
  }
}

function reportOfStopped(
  { reason }: RunStopped,
  ours: { run_id: string; epoch: number },
): Report | null {
  if (reason === 'lost') return null;
  if (reason === 'cancelled') return { ...ours, status: 'cancelled' };
  return { ...ours, status: 'failed', error: 'the worker was stopped', retry: true };
}
