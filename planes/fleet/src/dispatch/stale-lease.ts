import { Fault } from '@sagewai/fault';

/**
 * F1. What a worker says of a run that it has lost. Nothing is wrong with the worker: the run goes on
 * elsewhere or is over, and there is nothing for it to do.
 */
export function staleLease(runId: string): Fault {
  return new Fault('lease.lost', `run ${runId} is not leased to this session`, {
    detail:
      'Run not owned by this worker: its lease was lost, or it has ended otherwise. ' +
      'Nothing was changed, and nothing is to be done.',
  });
}
