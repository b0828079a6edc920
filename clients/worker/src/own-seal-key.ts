import { makeSealKey, readSealKey, workerSealKeyFile } from '@sagewai/sdk/node';

import type { WorkerLog } from './log.ts';
import type { WorkerOptions } from './worker-options.ts';

/** With the key of this worker alone, made at its first start, where it was given none. */
export async function withSealKey(options: WorkerOptions, log: WorkerLog): Promise<WorkerOptions> {
  if (options.sealKey !== null) return options;
  const file = workerSealKeyFile(options.home, options.url, options.name);
  try {
    return { ...options, sealKey: await readSealKey(file).catch(() => makeSealKey(file)) };
  } catch (error) {
    const { code = '', message } = error as NodeJS.ErrnoException;
    const why = code === 'EEXIST' ? 'is not usable: its mode must be 0600' : code || message;
    log.warn(`its sealing key in ${file} ${why}: sealed payloads are not for this worker`);
    return options;
  }
}
