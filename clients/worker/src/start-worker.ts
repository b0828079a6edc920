import { travelsInClear } from '@sagewai/sdk/node';

import type { WorkerLog } from './log.ts';
import { withSealKey } from './own-seal-key.ts';
import { supervise } from './supervise.ts';
import type { WorkerEnd, WorkerOptions } from './worker-options.ts';

/** From its options to its end, whoever has made them. */
export async function startWorker(
  options: WorkerOptions,
  log: WorkerLog,
  stop: AbortSignal,
): Promise<WorkerEnd> {
  // Before anything is enrolled: a file that cannot be used is the operator's to mend.
  await options.credentials.take();
  if (travelsInClear(options.url)) {
    log.warn(`plain HTTP to ${options.url}: its credential can be read on the way`);
  }
  return supervise(await withSealKey(options, log), log, stop);
}
