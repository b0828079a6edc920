import { createHash } from 'node:crypto';

import {
  canonicalEntry,
  CHAIN_VERSION,
  type ChainEntry,
  type ChainHead,
  GENESIS_HASH,
} from '@sagewai/wire';

import type { Breach, Known, Verdict } from './verdict.ts';

const START: ChainHead = { seq: 0, hash: GENESIS_HASH };

/**
 * Checks a chain, oldest entry first, and names the first entry that is broken.
 *
 * Reads one entry at a time and stops at the first breach, so a chain of any length can be streamed.
 * A chain that verifies proves that what is there is what was written, in that order. That nothing was
 * cut off its end can be told only with `known.head`, kept by somebody else.
 */
export async function verifyChain(
  entries: AsyncIterable<ChainEntry> | Iterable<ChainEntry>,
  known: Known = {},
): Promise<Verdict> {
  const start = known.after ?? START;
  const before = findBreachAt(start, known.head);
  if (before) return { kind: 'broken', ...before, entries: 0 };
  let last = start;
  let organizationId = known.organizationId;
  for await (const entry of entries) {
    const found = findBreach(entry, last, { ...known, organizationId });
    if (found) {
      const [breach, detail] = found;
      const seq = last.seq + 1;
      return { kind: 'broken', seq, breach, detail, entries: last.seq - start.seq };
    }
    organizationId ??= entry.organization_id;
    last = { seq: entry.seq, hash: entry.hash };
  }
  const count = last.seq - start.seq;
  if (known.head && known.head.seq > last.seq) {
    const detail = `the chain ends with entry ${last.seq}, but it had reached ${known.head.seq}`;
    return { kind: 'broken', seq: last.seq + 1, breach: 'truncated', detail, entries: count };
  }
  return { kind: 'whole', entries: count, head: last.seq === 0 ? null : last };
}

/** Two heads that are known must belong to one chain, before a single entry is read. */
function findBreachAt(
  { seq, hash }: ChainHead,
  head: ChainHead | null | undefined,
): { seq: number; breach: Breach; detail: string } | null {
  if (!head || head.seq > seq) return null;
  if (head.seq < seq) {
    const detail = `the chain ends with entry ${head.seq}, but it had reached ${seq}`;
    return { seq: head.seq + 1, breach: 'truncated', detail };
  }
  if (head.hash === hash) return null;
  const detail = `entry ${seq} is not the one that was known under this number`;
  return { seq, breach: 'rewritten', detail };
}

interface Expected {
  readonly organizationId: string | undefined;
  readonly head?: ChainHead | null;
}

function findBreach(
  entry: ChainEntry,
  last: ChainHead,
  expected: Expected,
): readonly [Breach, string] | null {
  const wanted = last.seq + 1;
  if (!isReadable(entry)) {
    return ['unreadable', `entry ${wanted} is not an entry of format ${CHAIN_VERSION}`];
  }
  if (expected.organizationId !== undefined && entry.organization_id !== expected.organizationId) {
    return ['foreign', `entry ${wanted} belongs to organization ${entry.organization_id}`];
  }
  if (entry.seq !== wanted) {
    return ['gap', `entry ${wanted} is missing: entry ${entry.seq} stands in its place`];
  }
  if (entry.hash !== hashOf(entry)) {
    return ['edited', `entry ${wanted} was changed: its fields do not have its hash`];
  }
  if (entry.previous_hash !== last.hash) {
    return [
      'unlinked',
      `entry ${wanted} does not follow the entry ${last.seq} that stands before it`,
    ];
  }
  if (expected.head && expected.head.seq === wanted && expected.head.hash !== entry.hash) {
    return ['rewritten', `entry ${wanted} is not the one that was known under this number`];
  }
  return null;
}

/** The SHA-256 that an entry with these fields must carry. */
export function hashOf(entry: Omit<ChainEntry, 'hash'>): string {
  return createHash('sha256').update(canonicalEntry(entry)).digest('hex');
}

const TEXTS = [
  'organization_id',
  'at',
  'actor',
  'action',
  'subject',
  'outcome',
  'request_id',
  'details',
  'previous_hash',
  'hash',
] as const satisfies readonly (keyof ChainEntry)[];

/** What is verified came over a wire: the type is a claim, not a fact. */
function isReadable(entry: ChainEntry): boolean {
  return (
    entry.version === CHAIN_VERSION &&
    Number.isSafeInteger(entry.seq) &&
    // Text that is not well-formed has no bytes of its own, and so no hash of its own.
    TEXTS.every((name) => typeof entry[name] === 'string' && entry[name].isWellFormed())
  );
}
