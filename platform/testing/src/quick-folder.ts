import { access, constants, statfs } from 'node:fs/promises';
import { freemem, tmpdir } from 'node:os';

/** Files in memory, on Linux. */
export const MEMORY_FOLDER = '/dev/shm';
/** The databases of a run need less than one of them; the tests beside them need the rest. */
const BYTES_MIN = 4 * 1024 ** 3;

/**
 * Where the files of a run of tests are quickest: a database that is copied and thrown away a thousand times is work for a
 * file system, not for a disk. In memory where there is plenty of it, else where temporary files are.
 */
export async function quickFolder(): Promise<string> {
  try {
    await access(MEMORY_FOLDER, constants.W_OK);
    const { bavail, bsize } = await statfs(MEMORY_FOLDER);
    return Math.min(bavail * bsize, freemem()) >= BYTES_MIN ? MEMORY_FOLDER : tmpdir();
  } catch {
    return tmpdir();
  }
}
