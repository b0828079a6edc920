import { chmod, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** What `up` made at its first start on a home, for its later ones. Holds credentials: 0600. */
export interface KeptState {
  readonly adminToken: string;
  readonly organization: string;
  readonly project: string;
  readonly virtualKey: string;
  readonly enrollmentKey: string;
}

const fileIn = (home: string): string => join(home, 'up.json');

export async function readState(home: string): Promise<Partial<KeptState>> {
  try {
    return JSON.parse(await readFile(fileIn(home), 'utf8')) as Partial<KeptState>;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return {};
    throw new Error(`${fileIn(home)} cannot be read; move it away to start with new keys`, {
      cause: error,
    });
  }
}

/** Replaces the file in one step. */
export async function saveState(home: string, state: Partial<KeptState>): Promise<void> {
  const draft = `${fileIn(home)}.${process.pid}`;
  await writeFile(draft, `${JSON.stringify(state, null, 2)}\n`, { mode: 0o600 });
  await chmod(draft, 0o600);
  await rename(draft, fileIn(home));
}
