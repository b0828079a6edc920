import { createHash } from 'node:crypto';

import { type BatchRecord, canonicalBatch, type ChainEntry } from '@sagewai/wire';
import { expect, test } from 'vitest';

import { verifyBatch } from './verify-batch.ts';

const records: readonly BatchRecord[] = [
  ['run-1', '1', 'completed'],
  ['run-2', '3', 'failed'],
];
const digest = createHash('sha256').update(canonicalBatch(records)).digest('hex');
const entry = { details: JSON.stringify({ digest, count: 2 }) } as ChainEntry;

test('stands for its records, in their order, and for no others', () => {
  expect(verifyBatch(entry, records)).toBe(true);
  expect(verifyBatch(entry, [...records].reverse())).toBe(false);
  expect(verifyBatch(entry, records.slice(1))).toBe(false);
  expect(
    verifyBatch(entry, [
      ['run-1', '1', 'completed'],
      ['run-2', '3', 'completed'],
    ]),
  ).toBe(false);
});
