import { lstat, mkdir } from 'node:fs/promises';

import { EmbeddedPostgresError } from './embedded-postgres-error.ts';

const GROUP_AND_OTHERS = 0o077;

/**
 * Makes sure that `path` is a directory of `uid` that nobody else can enter, and creates it (0700)
 * when it is missing. A link, a foreign owner or a wider mode is refused, not repaired: in a shared
 * folder such as /tmp, somebody else may have put it there to read or to answer in our place.
 */
export async function ensurePrivateDirectory(path: string, uid: number): Promise<void> {
  await mkdir(path, { mode: 0o700 }).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error;
  });
  const found = await lstat(path);
  const flaw = flawOf(found, uid);
  if (flaw === null) return;
  throw new EmbeddedPostgresError('foreign-directory', `${path} ${flaw}`, {
    remedy:
      found.uid === uid
        ? `chmod 700 ${path} if you made it, remove it if you did not, then start again`
        : `start as user ${found.uid}, use another --home, or remove ${path} if it is nobody's work`,
  });
}

function flawOf(
  found: { isDirectory(): boolean; uid: number; mode: number },
  uid: number,
): string | null {
  if (!found.isDirectory()) return 'is not a directory of its own';
  if (found.uid !== uid) return `belongs to user ${found.uid}, not to user ${uid}`;
  if ((found.mode & GROUP_AND_OTHERS) !== 0) return 'can be entered by other users';
  return null;
}
