import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { tempHome } from '@sagewai/testing';
import { expect, test } from 'vitest';

import { checkJournal } from './journal.ts';

test('a directory for a journal is one that files can be made in', async () => {
  await using home = await tempHome();
  expect(await checkJournal(null)).toEqual([]);
  const directory = join(home.path, 'journal');
  expect(await checkJournal(directory)).toMatchObject([{ level: 'ok' }]);
  await writeFile(join(directory, '0.0.journal'), '');
  expect(await checkJournal(directory)).toMatchObject([
    { level: 'ok', found: expect.stringContaining('journals there: 1') },
  ]);
  await mkdir(home.path, { recursive: true });
  await writeFile(join(home.path, 'file'), '');
  expect(await checkJournal(join(home.path, 'file'))).toMatchObject([
    { level: 'failure', mend: expect.stringContaining('LEDGER_JOURNAL_DIR') },
  ]);
});
