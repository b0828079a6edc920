import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

import type { OutputOf, readGpus } from '@sagewai/wire';

export type Gpu = OutputOf<typeof readGpus>['gpus'][number];

const ASKED = 'index,name,memory.total,memory.used,utilization.gpu';
const WAIT_MS = 5_000;

/** None: there are none, or nobody can say. */
export async function askGpus(): Promise<Gpu[]> {
  try {
    const { stdout } = await promisify(execFile)(
      'nvidia-smi',
      [`--query-gpu=${ASKED}`, '--format=csv,noheader,nounits'],
      { timeout: WAIT_MS },
    );
    return parseGpus(stdout);
  } catch {
    return [];
  }
}

export function parseGpus(text: string): Gpu[] {
  return text
    .split('\n')
    .map((line) => line.split(',').map((cell) => cell.trim()))
    .filter((cells) => cells.length === 5)
    .map(([index, name = '', total, used, busy]) => ({
      index: Number(index),
      name,
      memory_total_mb: Number(total),
      memory_used_mb: Number(used),
      utilization_percent: Number(busy),
    }));
}
