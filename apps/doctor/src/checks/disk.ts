import { statfs } from 'node:fs/promises';
import { dirname } from 'node:path';

import { failure, type Finding, ok, warning } from '../finding.ts';

const GIB = 2 ** 30;

/** Free space where the home is, or will be. */
export async function checkDisk(home: string): Promise<Finding> {
  for (let folder = home; ; folder = dirname(folder)) {
    try {
      const { bavail, bsize } = await statfs(folder);
      const free = (bavail * bsize) / GIB;
      const found = `${free.toFixed(1)} GiB free at ${folder}`;
      if (free < 0.5)
        return failure('disk', found, 'Free some space: PostgreSQL stops when it runs out.');
      if (free < 5) return warning('disk', found, 'Free some space before long.');
      return ok('disk', found);
    } catch (error) {
      if (dirname(folder) === folder) throw error;
    }
  }
}
