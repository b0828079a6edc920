import { open } from 'node:fs/promises';

import type { ExecFile } from './command-profile.ts';
import { CommandsFileError, readCommands } from './read-commands.ts';

/** Whoever may write it says what this machine starts. */
const FORBIDDEN_MODE = 0o022;

export async function openCommands(path: string): Promise<ExecFile> {
  const file = await open(path).catch((error: NodeJS.ErrnoException) => {
    throw new CommandsFileError(`${path} cannot be read (${error.code ?? error.message})`);
  });
  try {
    // Of the open file: what is checked is what is read.
    const { mode, uid } = await file.stat();
    if ((mode & FORBIDDEN_MODE) !== 0) {
      throw new CommandsFileError(`others may write ${path}: chmod go-w ${path}`);
    }
    // Who owns it may let themselves write it.
    if (uid !== 0 && uid !== process.geteuid?.()) {
      throw new CommandsFileError(`${path} is neither this user's nor root's: chown it`);
    }
    return readCommands(await file.readFile('utf8'));
  } finally {
    await file.close();
  }
}
