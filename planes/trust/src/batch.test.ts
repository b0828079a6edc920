import type { OrganizationId } from '@sagewai/wire';
import { describe, expect, test } from 'vitest';

import { BATCH_IDS_MAX, digestBatch, entryOfBatch } from './batch.ts';

const orgId = '0197a1b2-0000-7000-8000-000000000001' as OrganizationId;
const idsOf = (count: number): string[] => Array.from({ length: count }, (_, n) => `run-${n}`);
const batchOf = (ids: readonly string[]) =>
  entryOfBatch({ orgId, kind: 'run.claimed', actor: 'fleet', ids, digest: digestBatch([ids]) });

describe('the entry of a batch names its records (T6)', () => {
  test('all of them while they are few', () => {
    const ids = idsOf(BATCH_IDS_MAX);
    expect(batchOf(ids)).toMatchObject({
      action: 'run.claimed',
      subject: 'batch',
      details: { kind: 'run.claimed', count: BATCH_IDS_MAX, ids: ids.join(' ') },
    });
  });

  test('the first and the last of many', () => {
    const { details } = batchOf(idsOf(BATCH_IDS_MAX + 1));
    expect(details).toMatchObject({ count: 201, first: 'run-0', last: 'run-200' });
    expect(details).not.toHaveProperty('ids');
  });

  test('a single one as its subject', () => {
    expect(batchOf(['run-7']).subject).toBe('run-7');
  });
});

test('the digest depends on every field and on the order (T6)', () => {
  const records = [
    ['a', 'b'],
    ['c', 'd'],
  ];
  const others = [
    [
      ['c', 'd'],
      ['a', 'b'],
    ],
    [
      ['a', 'b'],
      ['c', 'e'],
    ],
    [['a', 'b', 'c', 'd']],
    [
      ['ab', ''],
      ['c', 'd'],
    ],
  ];
  for (const other of others) expect(digestBatch(other)).not.toBe(digestBatch(records));
  expect(digestBatch(records)).toMatch(/^[0-9a-f]{64}$/);
});
