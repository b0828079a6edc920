import { resolve } from 'node:path';

/** The absolute path that was meant: `~` at its start is the user's own directory. */
export function expandHome(path: string, userDirectory: string): string {
  return resolve(path.replace(/^~(?=\/|$)/, () => userDirectory));
}
