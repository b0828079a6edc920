import { canonicalEntry, CHAIN_VERSION, type ChainEntry, GENESIS_HASH } from '@sagewai/wire';
import { expect, test } from 'vitest';

import { sha256Hex } from './sha256.ts';
import { type ReadPage, verifyWholeChain } from './verify-whole-chain.ts';

function chainOf(size: number): ChainEntry[] {
  const entries: ChainEntry[] = [];
  for (let seq = 1; seq <= size; seq += 1) {
    const entry = {
      version: CHAIN_VERSION,
      organization_id: 'o',
      seq,
      at: '2026-11-28T12:00:00.000000Z',
      actor: 'a',
      action: 'b',
      subject: 'c',
      outcome: 'ok',
      request_id: 'r',
      details: '{}',
      previous_hash: entries.at(-1)?.hash ?? GENESIS_HASH,
    };
    entries.push({ ...entry, hash: sha256Hex(canonicalEntry(entry)) });
  }
  return entries;
}

/** Pages of three; the head is that of the first `known` entries. */
const pagesOf = (entries: readonly ChainEntry[], known = entries.length): ReadPage => {
  const last = entries[known - 1];
  return (cursor) => {
    const from = Number(cursor ?? 0);
    const page = entries.slice(from, from + 3);
    return Promise.resolve({
      entries: [...page],
      next_cursor: from + 3 < entries.length ? String(from + 3) : null,
      head: last === undefined ? null : { seq: last.seq, hash: last.hash },
    });
  };
};

test('a chain of several pages is whole, and says how far it is', async () => {
  const progress: number[] = [];
  const verdict = await verifyWholeChain(pagesOf(chainOf(8)), (checked) => progress.push(checked));
  expect(verdict).toMatchObject({ kind: 'whole', entries: 8 });
  expect(progress).toEqual([3, 6, 8]);
});

test('what was appended after the first page is left for the next time', async () => {
  expect(await verifyWholeChain(pagesOf(chainOf(8), 4), () => undefined)).toMatchObject({
    kind: 'whole',
    entries: 4,
  });
});

test('an entry that was changed is found, and so is an end that was cut off', async () => {
  const entries = chainOf(8);
  const changed = entries.map((entry) =>
    entry.seq === 5 ? { ...entry, actor: 'somebody else' } : entry,
  );
  expect(await verifyWholeChain(pagesOf(changed), () => undefined)).toMatchObject({
    kind: 'broken',
    seq: 5,
    breach: 'edited',
  });
  const cut: ReadPage = async (cursor) => {
    const page = await pagesOf(entries.slice(0, 6))(cursor);
    return { ...page, head: { seq: 8, hash: entries[7]?.hash ?? '' } };
  };
  expect(await verifyWholeChain(cut, () => undefined)).toMatchObject({
    kind: 'broken',
    breach: 'truncated',
  });
});
