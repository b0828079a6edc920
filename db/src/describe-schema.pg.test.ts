import { readFile, writeFile } from 'node:fs/promises';

import { databaseTest as test } from '@sagewai/testing';
import { expect } from 'vitest';

import { describeSchema } from './describe-schema.sql.ts';

const committed = new URL('../schema.txt', import.meta.url);

// The dump is written from PostgreSQL 18, as the embedded one is; it reads the same on 15.
test('the committed schema is what the migrations make', async ({ owner }) => {
  const made = await describeSchema(owner);
  if (process.env['UPDATE_SCHEMA'] === '1') await writeFile(committed, made);
  expect(made).toBe(await readFile(committed, 'utf8'));
});
