import { access, constants, mkdir, readdir } from 'node:fs/promises';

import { failure, type Finding, ok } from '../finding.ts';

const MEND =
  'Let the server make files there, on a local disk, or unset LEDGER_JOURNAL_DIR: calls then wait for the database.';

/** Whether settlements can be kept in a journal there. Nothing where there is to be none. */
export async function checkJournal(directory: string | null): Promise<Finding[]> {
  if (directory === null) return [];
  try {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    await access(directory, constants.R_OK | constants.W_OK | constants.X_OK);
    const files = (await readdir(directory)).filter((file) => file.endsWith('.journal'));
    return [ok('journal', `${directory} can hold a journal; journals there: ${files.length}`)];
  } catch (error) {
    return [failure('journal', `no journal in ${directory}: ${(error as Error).message}`, MEND)];
  }
}
