import { silentLog } from '@sagewai/log';
import type { Db } from '@sagewai/postgres';
import type { OrganizationId, ProjectId } from '@sagewai/wire';
import { expect, test } from 'vitest';

import { createGuardrailBook } from './guardrail-book.ts';

const caller = { orgId: 'org' as OrganizationId, projectId: 'project' as ProjectId };
const refused = Object.assign(new Error('connect'), { code: 'ECONNREFUSED' });
const mistaken = Object.assign(new Error('no such column'), { code: '42703' });

function bookOf(openForMs: number) {
  const clock = { nowMs: 0, now: () => new Date(0), monotonicMs: () => clock.nowMs };
  const database = { failure: null as Error | null };
  const run = async (): Promise<{ rows: never[]; rowCount: number }> => {
    if (database.failure) throw database.failure;
    return { rows: [], rowCount: 0 };
  };
  const book = createGuardrailBook({
    db: { run } as unknown as Db,
    keys: [] as never,
    clock,
    log: silentLog,
    allow: () => undefined,
    openForMs,
  });
  return { clock, database, book };
}

test('while the database is away the guardrails of before count for as long as a key may be open, and no longer', async () => {
  const { clock, database, book } = bookOf(5_000);
  expect(await book.of(caller)).toEqual([]);
  clock.nowMs = 4_999;
  database.failure = mistaken; // which is an answer
  await expect(book.of(caller)).rejects.toBe(mistaken);
  database.failure = refused;
  expect(await book.of(caller)).toEqual([]);
  clock.nowMs = 5_000;
  await expect(book.of(caller)).rejects.toBe(refused);
});

test('where no key may be open, nothing passes while they cannot be read (W2)', async () => {
  const { clock, database, book } = bookOf(0);
  expect(await book.of(caller)).toEqual([]);
  clock.nowMs = 1_000;
  database.failure = refused;
  await expect(book.of(caller)).rejects.toBe(refused);
});
