import { describe, expect, test } from 'vitest';

import { canonicalBatch, canonicalEntry, GENESIS_HASH, netstring } from './evidence.ts';

describe('netstring', () => {
  test('counts bytes of UTF-8, not characters', () => {
    expect(netstring('')).toBe('0:,');
    expect(netstring('Zoë')).toBe('4:Zoë,');
    expect(netstring('🜁')).toBe('4:🜁,');
  });
});

describe('canonicalEntry', () => {
  const entry = {
    version: 1,
    organization_id: '0197a1b2-0000-7000-8000-000000000001',
    seq: 12,
    at: '2026-11-21T04:05:06.000007Z',
    actor: 'token:1',
    action: 'fleet.approveWorker',
    subject: 'worker:2',
    outcome: 'ok',
    request_id: 'req-1',
    details: '{"pool":"gpu"}',
    previous_hash: GENESIS_HASH,
  };

  test('is the documented row of netstrings', () => {
    expect(canonicalEntry(entry)).toBe(
      '1:1,36:0197a1b2-0000-7000-8000-000000000001,2:12,27:2026-11-21T04:05:06.000007Z,' +
        '7:token:1,19:fleet.approveWorker,8:worker:2,2:ok,5:req-1,14:{"pool":"gpu"},' +
        `64:${GENESIS_HASH},`,
    );
  });

  test('differs when a border between two fields moves', () => {
    const moved = { ...entry, actor: 'token:1f', action: 'leet.approveWorker' };
    expect(canonicalEntry(moved)).not.toBe(canonicalEntry(entry));
  });
});

describe('canonicalBatch', () => {
  test('tells two records from one with all their fields', () => {
    expect(canonicalBatch([['a'], ['b']])).not.toBe(canonicalBatch([['a', 'b']]));
    expect(canonicalBatch([])).toBe('');
  });
});
