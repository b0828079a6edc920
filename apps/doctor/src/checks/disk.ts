import { stat, statfs } from 'node:fs/promises';
import { dirname } from 'node:path';

import { failure, type Finding, ok, warning } from '../finding.ts';

const GIB = 2 ** 30;
const SCARCE_GIB = 0.5;
const LOW_GIB = 5;

/** Free space where these folders are, or will be; once a disk. */
export async function checkDisk(folders: readonly string[]): Promise<Finding[]> {
  const places = new Map<number, string>();
  for (const folder of await Promise.all(folders.map(nearestOf))) {
    const { dev: disk } = await stat(folder);
    places.set(disk, folder);
  }
  return Promise.all([...places.values()].map(checkPlace));
}

async function checkPlace(folder: string): Promise<Finding> {
  const { bavail, bsize } = await statfs(folder);
  return judgeSpace(folder, bavail * bsize);
}

export function judgeSpace(folder: string, freeBytes: number): Finding {
  const free = freeBytes / GIB;
  const found = `${free.toFixed(1)} GiB free at ${folder}`;
  if (free < SCARCE_GIB) {
    return failure('disk', found, 'Free some space: PostgreSQL stops when it runs out.');
  }
  if (free < LOW_GIB) return warning('disk', found, 'Free some space before long.');
  return ok('disk', found);
}

/** The folder itself, or the nearest above it that is there. */
async function nearestOf(folder: string): Promise<string> {
  for (let each = folder; ; each = dirname(each)) {
    const found = await statfs(each).catch(() => null);
    if (found || dirname(each) === each) return each;
  }
}
