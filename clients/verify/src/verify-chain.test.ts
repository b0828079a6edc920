import { type ChainEntry, type ChainHead, GENESIS_HASH } from '@sagewai/wire';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { hashOf, verifyChain } from './verify-chain.ts';

const ORGANIZATION = '0197a1b2-0000-7000-8000-000000000001';

function chainOf(length: number, organizationId = ORGANIZATION): ChainEntry[] {
  const entries: ChainEntry[] = [];
  for (let seq = 1; seq <= length; seq++) {
    entries.push(
      seal({
        version: 1,
        organization_id: organizationId,
        seq,
        at: `2026-11-21T04:05:06.00000${seq % 10}Z`,
        actor: 'token:1',
        action: 'fleet.approveWorker',
        subject: `worker:${seq} — Zoë 🜁`,
        outcome: 'ok',
        request_id: `r${seq}`,
        details: '{"pool": "gpu"}',
        previous_hash: entries.at(-1)?.hash ?? GENESIS_HASH,
      }),
    );
  }
  return entries;
}

const seal = (entry: Omit<ChainEntry, 'hash'>): ChainEntry => ({ ...entry, hash: hashOf(entry) });
const headOf = ({ seq, hash }: ChainEntry): ChainHead => ({ seq, hash });
const at = (chain: readonly ChainEntry[], seq: number): ChainEntry => {
  const entry = chain[seq - 1];
  if (!entry) throw new Error(`no entry ${seq}`);
  return entry;
};
const replace = (chain: ChainEntry[], entry: ChainEntry, seq = entry.seq): ChainEntry[] =>
  chain.map((kept) => (kept.seq === seq ? entry : kept));
const change = (chain: ChainEntry[], seq: number, to: Partial<ChainEntry>): ChainEntry[] =>
  replace(chain, { ...at(chain, seq), ...to }, seq);

describe('a whole chain', () => {
  test('verifies, and tells its head', async () => {
    const chain = chainOf(5);
    expect(await verifyChain(chain)).toEqual({
      kind: 'whole',
      entries: 5,
      head: headOf(at(chain, 5)),
    });
  });

  test('may be empty', async () => {
    expect(await verifyChain([])).toEqual({ kind: 'whole', entries: 0, head: null });
  });

  test('continues from a head that was verified before', async () => {
    const chain = chainOf(5);
    const verdict = await verifyChain(chain.slice(3), { after: headOf(at(chain, 3)) });
    expect(verdict).toMatchObject({ kind: 'whole', entries: 2 });
  });

  test('may have grown past the head that it must reach', async () => {
    const chain = chainOf(5);
    expect(await verifyChain(chain, { head: headOf(at(chain, 3)) })).toMatchObject({
      kind: 'whole',
    });
  });

  test('is streamed, and not read past the first breach', async () => {
    let read = 0;
    async function* stream(): AsyncGenerator<ChainEntry> {
      for (const entry of change(chainOf(9), 4, { outcome: 'caller.forbidden' })) {
        read += 1;
        yield await Promise.resolve(entry);
      }
    }
    expect(await verifyChain(stream())).toMatchObject({ kind: 'broken', seq: 4, entries: 3 });
    expect(read).toBe(4);
  });
});

const fields = {
  at: '2026-11-21T04:05:07.000000Z',
  actor: 'token:2',
  action: 'fleet.rejectWorker',
  subject: 'worker:x',
  outcome: 'caller.forbidden',
  request_id: 'other',
  details: '{"pool":"gpu"}', // the same JSON, not the same text
  previous_hash: 'f'.repeat(64),
  hash: 'f'.repeat(64),
} as const satisfies Partial<ChainEntry>;

describe('every field of every entry counts', () => {
  for (const [field, value] of Object.entries(fields)) {
    test.each([1, 3, 5])(`${field} of entry %i of 5`, async (seq) => {
      expect(await verifyChain(change(chainOf(5), seq, { [field]: value }))).toMatchObject({
        kind: 'broken',
        seq,
        breach: 'edited',
        entries: seq - 1,
      });
    });
  }
});

test('whatever is changed, removed or moved, the first broken entry is named', async () => {
  const whole = chainOf(12);
  const place = fc.integer({ min: 1, max: 12 });
  // Any text that is well-formed; `unit: 'binary'` is the same, and takes two seconds to make.
  const point = fc.oneof(fc.nat(0xd7ff), fc.integer({ min: 0xe000, max: 0x10ffff }));
  const text = fc.string({ unit: point.map((code) => String.fromCodePoint(code)) });
  const changed = fc
    .record({
      seq: place,
      field: fc.constantFrom(...(Object.keys(fields) as (keyof typeof fields)[])),
    })
    .chain(({ seq, field }) =>
      text
        .filter((other) => other !== at(whole, seq)[field])
        .map((other) => ({ seq, entries: change(whole, seq, { [field]: other }) })),
    );
  const removed = fc
    .integer({ min: 1, max: 11 })
    .map((seq) => ({ seq, entries: whole.filter((entry) => entry.seq !== seq) }));
  const moved = fc
    .tuple(place, place)
    .filter(([from, to]) => from !== to)
    .map(([from, to]) => {
      const others = whole.filter((entry) => entry.seq !== from);
      const entries = [...others.slice(0, to - 1), at(whole, from), ...others.slice(to - 1)];
      return { seq: Math.min(from, to), entries };
    });
  await fc.assert(
    fc.asyncProperty(fc.oneof(changed, removed, moved), async ({ seq, entries }) => {
      expect(await verifyChain(entries)).toMatchObject({ kind: 'broken', seq, entries: seq - 1 });
    }),
  );
});

describe('a broken chain names the first broken entry', () => {
  const chain = chainOf(6);
  test.each([
    ['one entry removed', chain.filter(({ seq }) => seq !== 3), 3, 'gap'],
    ['the first entries cut off', chain.slice(2), 1, 'gap'],
    ['two entries exchanged', [at(chain, 2), at(chain, 1), ...chain.slice(2)], 1, 'gap'],
    ['an entry repeated', [...chain.slice(0, 3), ...chain.slice(2)], 4, 'gap'],
    ['an entry of another organization', [...chain, at(chainOf(7, 'other'), 7)], 7, 'foreign'],
    ['an unknown format', change(chain, 4, { version: 2 }), 4, 'unreadable'],
    ['a field that is not text', change(chain, 4, { subject: 4 as never }), 4, 'unreadable'],
  ] as const)('%s', async (_name, entries, seq, breach) => {
    expect(await verifyChain(entries)).toMatchObject({ kind: 'broken', seq, breach });
  });

  test('an entry replaced together with its hash breaks at the next', async () => {
    const forged = seal({ ...at(chain, 3), subject: 'worker:evil' });
    expect(await verifyChain(replace(chain, forged))).toMatchObject({ seq: 4, breach: 'unlinked' });
  });

  test('an end cut off is told by a head kept elsewhere', async () => {
    const head = headOf(at(chain, 6));
    expect(await verifyChain(chain.slice(0, 4), { head })).toMatchObject({
      seq: 5,
      breach: 'truncated',
      entries: 4,
    });
  });

  test('a chain made anew from one entry on is told by a head kept elsewhere', async () => {
    const head = headOf(at(chain, 6));
    let previous = at(chain, 3).hash;
    const anew = chain.map((entry) => {
      if (entry.seq < 4) return entry;
      const next = seal({ ...entry, subject: 'worker:evil', previous_hash: previous });
      previous = next.hash;
      return next;
    });
    expect(await verifyChain(anew)).toMatchObject({ kind: 'whole' });
    expect(await verifyChain(anew, { head })).toMatchObject({ seq: 6, breach: 'rewritten' });
  });

  test('a chain that was cut or made anew before the head that was verified, though nothing follows', async () => {
    const after = headOf(at(chain, 4));
    expect(await verifyChain([], { after, head: after })).toMatchObject({ kind: 'whole' });
    expect(await verifyChain([], { after, head: { ...after, hash: GENESIS_HASH } })).toMatchObject({
      seq: 4,
      breach: 'rewritten',
      entries: 0,
    });
    expect(await verifyChain([], { after, head: headOf(at(chain, 2)) })).toMatchObject({
      seq: 3,
      breach: 'truncated',
      entries: 0,
    });
  });

  test('a text that is not well-formed is unreadable: it hashes like another one', async () => {
    const replaced = seal({ ...at(chain, 6), subject: 'worker:\ufffd' });
    const forged = { ...replaced, subject: 'worker:\ud800' };
    expect(hashOf(forged)).toBe(replaced.hash);
    expect(await verifyChain(replace(chain, forged))).toMatchObject({
      seq: 6,
      breach: 'unreadable',
    });
  });

  test('a chain that is not the one asked for', async () => {
    expect(await verifyChain(chain, { organizationId: 'another' })).toMatchObject({
      seq: 1,
      breach: 'foreign',
    });
  });
});
