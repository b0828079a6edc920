import type { OrganizationId, ProjectId } from '@sagewai/wire';
import { describe, expect, test } from 'vitest';

import type { Subqueue } from '../matching/subqueue.ts';
import { FLEET_DEFAULTS } from '../settings.ts';
import type { Capabilities } from '../workers/worker.ts';
import { Backlog, type Found } from './backlog.ts';
import type { Group } from './group.ts';
import type { Cut } from './queue.sql.ts';

const ORG = 'acme' as OrganizationId;

function backlog(of: { costOf?: (project: string) => number } = {}): {
  all: Backlog;
  pass: (ms: number) => void;
} {
  let nowMs = 0;
  const all = new Backlog({
    ...FLEET_DEFAULTS,
    weightOf: () => 1,
    costOf: of.costOf ?? (() => 1),
    monotonicMs: () => nowMs,
    nowMs: () => nowMs,
  });
  return { all, pass: (ms) => (nowMs += ms) };
}

const subqueue = (
  sq: number,
  of: { project?: string; model?: string; org?: string; key?: string } = {},
): Subqueue => ({
  sq,
  orgId: (of.org ?? ORG) as OrganizationId,
  projectId: (of.project ?? 'one') as ProjectId,
  requirement: { pool: 'default', model: of.model ?? '*', labels: {} },
  key: of.key ?? null,
  workerNum: null,
});

const caps = (of: Partial<Capabilities> = {}): Capabilities => ({
  orgId: ORG,
  projectId: null,
  pool: 'default',
  models: ['gpt-4o'],
  labels: {},
  ...of,
});

const linesOf = (all: Backlog, group: Group, slots: number): string[] =>
  all.choose(group, slots).map(({ sq, prio, count }) => `${sq}/${prio} ${count}`);

describe('Backlog', () => {
  test('asks for nothing that the group may not be given (F3)', () => {
    const { all } = backlog();
    all.learn(subqueue(1, { model: 'other' }));
    all.learn(subqueue(2, { org: 'foreign' }));
    all.learn(subqueue(3, { project: 'two' }));
    const group = all.group(caps({ projectId: 'one' as ProjectId }));
    for (const sq of [1, 2, 3]) expect(all.note({ sq, prio: 0 }, 5).size).toBe(0);
    expect(group.hasActive).toBe(false);
    expect(all.group(caps({ projectId: 'four' as ProjectId })).hasActive).toBe(false);
  });

  test('knows of a group that comes after the runs, and of runs that come after the group', () => {
    const { all } = backlog();
    all.learn(subqueue(1));
    all.note({ sq: 1, prio: 0 }, 1);
    const early = all.group(caps());
    expect(early.hasActive).toBe(true);
    const late = all.group(caps({ models: [] }));
    all.learn(subqueue(2, { model: 'gpt-4o' }));
    expect(all.note({ sq: 2, prio: 0 }, 1)).toEqual(new Set([early]));
    expect(linesOf(all, late, 10)).toEqual(['1/0 1']);
  });

  test('holds what is for one worker alone until that one comes (F4)', () => {
    const { all } = backlog();
    all.learn({ ...subqueue(1), workerNum: 7 });
    all.learn(subqueue(2));
    const group = all.group(caps());
    all.note({ sq: 1, prio: 0 }, 1);
    const [want] = all.choose(group, 1);
    if (want === undefined) throw new Error('nothing was asked for');
    all.giveBack(group, want);
    all.hold(group, want, group.news);
    expect(group.hasActive).toBe(false);
    all.note({ sq: 2, prio: 0 }, 1);
    all.unhold(group, 8);
    expect(linesOf(all, group, 10)).toEqual(['2/0 1']);
    all.unhold(group, 7);
    expect(linesOf(all, group, 10).toSorted()).toEqual(['1/0 1', '2/0 1']);
    // Of what is new everybody is told; who it is not for holds it again.
    all.note({ sq: 1, prio: 0 }, 1);
    expect(group.hasActive).toBe(true);
  });

  test('takes turns between projects, and the first priority inside one (F5)', () => {
    const { all } = backlog();
    for (const [sq, project] of ['one', 'one', 'two'].entries())
      all.learn(subqueue(sq, { project }));
    const group = all.group(caps());
    all.note({ sq: 0, prio: 5 }, 100);
    all.note({ sq: 1, prio: -5 }, 3);
    all.note({ sq: 2, prio: 0 }, 100);
    expect(linesOf(all, group, 10)).toEqual(['1/-5 3', '0/5 2', '2/0 5']);
  });

  test('forgets a line that was found short, but not one that was noted meanwhile', () => {
    const { all } = backlog();
    all.learn(subqueue(1));
    const group = all.group(caps());
    all.note({ sq: 1, prio: 0 }, 1);
    const [asked] = all.choose(group, 5);
    if (asked === undefined) throw new Error('nothing was asked for');
    all.note({ sq: 1, prio: 0 }, 1);
    all.learnAnswer(group, { ...asked, count: 5 }, { count: 1, seqMax: 1n, submittedMs: 0 });
    expect(group.hasActive).toBe(true);
    const [again] = all.choose(group, 5);
    if (again === undefined) throw new Error('nothing was asked for');
    all.learnAnswer(group, { ...again, count: 5 }, { count: 0, seqMax: 0n, submittedMs: 0 });
    expect(group.hasActive).toBe(false);
  });

  test('believes a line to be empty only after a look from its beginning', () => {
    const { all, pass } = backlog();
    all.learn(subqueue(1));
    const group = all.group(caps());
    all.note({ sq: 1, prio: 0 }, Number.POSITIVE_INFINITY);
    const ask = (): NonNullable<ReturnType<Backlog['choose']>[number]> => {
      const [asked] = all.choose(group, 10);
      if (asked === undefined) throw new Error('nothing was asked for');
      return asked;
    };
    const first = ask();
    expect(first.floor).toBe(0n);
    all.learnAnswer(group, first, { count: 10, seqMax: 5_000n, submittedMs: 0 });
    const second = ask();
    expect(second.floor).toBe(4_000n);
    all.learnAnswer(group, second, { count: 0, seqMax: 0n, submittedMs: 0 });
    expect(group.hasActive).toBe(true);
    const third = ask();
    expect(third.floor).toBe(0n);
    all.learnAnswer(group, third, { count: 10, seqMax: 6_000n, submittedMs: 0 });
    pass(1_000);
    expect(ask().floor).toBe(0n);
  });

  test('looks past what was taken before a line was empty, and from its beginning now and then (F4)', () => {
    const { all, pass } = backlog();
    all.learn(subqueue(1));
    const group = all.group(caps());
    const takeOne = (seqMax: bigint): bigint => {
      all.note({ sq: 1, prio: 0 }, 1);
      const [asked] = all.choose(group, 1);
      if (asked === undefined) throw new Error('nothing was asked for');
      all.learnAnswer(group, asked, { count: 1, seqMax, submittedMs: 0 });
      expect(group.hasActive).toBe(false);
      return asked.floor;
    };
    expect(takeOne(50_000n)).toBe(0n);
    expect(takeOne(50_001n)).toBe(49_000n);
    pass(1_000);
    expect(takeOne(50_002n)).toBe(0n);
    expect(takeOne(50_003n)).toBe(49_002n);
  });

  test('forgets groups of which nobody asks any more', () => {
    const { all, pass } = backlog();
    all.learn(subqueue(1));
    const group = all.group(caps());
    pass(100);
    all.forgetGroups(99);
    expect(all.note({ sq: 1, prio: 0 }, 1).size).toBe(0);
    expect(all.group(caps())).not.toBe(group);
  });

  const cut = (sq: number, of: Partial<Cut> = {}): Cut => ({
    sq,
    prio: 0,
    limit: 'project',
    held: 'cap',
    heldMs: null,
    admitted: 0,
    ...of,
  });
  const answer = (all: Backlog, group: Group, sq: number, found: Partial<Found>): void => {
    const asked = all.choose(group, 10).find((each) => each.sq === sq);
    if (asked === undefined) throw new Error('nothing was asked for');
    all.learnAnswer(group, asked, { count: 0, seqMax: 0n, submittedMs: 0, ...found });
  };

  test('asks for nothing of a project that is capped, until a run of it ends (F5)', () => {
    const { all } = backlog();
    for (const [sq, project] of [
      [1, 'one'],
      [2, 'one'],
      [3, 'two'],
    ] as const) {
      all.learn(subqueue(sq, { project }));
    }
    const group = all.group(caps());
    for (const sq of [1, 2, 3]) all.note({ sq, prio: 0 }, 5);
    answer(all, group, 1, { cut: cut(1) });
    expect(linesOf(all, group, 10)).toEqual(['3/0 5']);
    expect(all.heldBy(2)).toBe('cap');
    all.note({ sq: 2, prio: 0 }, 1);
    expect(linesOf(all, group, 10)).toEqual(['3/0 5']);
    expect(all.freed(3)).toEqual(new Set());
    expect(all.freed(2)).toEqual(new Set([group]));
    expect(new Set(all.choose(group, 20).map(({ sq }) => sq))).toEqual(new Set([1, 2, 3]));
  });

  test('holds back no more than the limit: a key, or a pool of one organization (F5)', () => {
    const { all } = backlog();
    all.learn(subqueue(1, { key: 'k' }));
    all.learn(subqueue(2));
    const group = all.group(caps());
    for (const sq of [1, 2]) all.note({ sq, prio: 0 }, 5);
    answer(all, group, 1, { cut: cut(1, { limit: 'key' }) });
    expect(linesOf(all, group, 10)).toEqual(['2/0 5']);
    answer(all, group, 2, { cut: cut(2, { limit: 'pool', held: 'paused' }) });
    expect(group.hasActive).toBe(false);
    expect(all.unpark('all')).toEqual(new Set([group]));
    expect(linesOf(all, group, 20)).toEqual(['1/0 5', '2/0 5']);
  });

  test('looks again when a rate has room, and after a while where nothing is heard', () => {
    const { all, pass } = backlog();
    all.learn(subqueue(1));
    const group = all.group(caps());
    all.note({ sq: 1, prio: 0 }, 5);
    answer(all, group, 1, { cut: cut(1, { held: 'rate', heldMs: 250 }) });
    expect(all.unparkAtMs).toBe(250);
    pass(249);
    expect(all.unpark('due').size).toBe(0);
    pass(1);
    expect(all.unpark('due')).toEqual(new Set([group]));
    answer(all, group, 1, { cut: cut(1, { held: 'paused' }) });
    expect(all.unparkAtMs).toBe(250 + FLEET_DEFAULTS.heldLookEveryMs);
    // A run that ends changes nothing for a pause.
    expect(all.freed(1).size).toBe(0);
    expect(group.hasActive).toBe(false);
  });

  test('does not miss a run that ended while the limit was looked at', () => {
    const { all, pass } = backlog();
    all.learn(subqueue(1));
    const group = all.group(caps());
    all.note({ sq: 1, prio: 0 }, 5);
    answer(all, group, 1, { cut: cut(1) });
    all.freed(1);
    const [asked] = all.choose(group, 10);
    if (asked === undefined) throw new Error('nothing was asked for');
    all.freed(1);
    all.learnAnswer(group, asked, { count: 0, seqMax: 0n, submittedMs: 0, cut: cut(1) });
    expect(group.hasActive).toBe(true);
    pass(1);
    answer(all, group, 1, { cut: cut(1) });
    expect(group.hasActive).toBe(false);
  });

  test('keeps a line that a limit cut though there is room, and closes it when it is short', () => {
    const { all } = backlog();
    all.learn(subqueue(1));
    const group = all.group(caps());
    all.note({ sq: 1, prio: 0 }, 5);
    answer(all, group, 1, { cut: cut(1, { held: null, admitted: 0 }) });
    expect(group.hasActive).toBe(true);
    answer(all, group, 1, { count: 1, seqMax: 1n, cut: cut(1, { held: null, admitted: 2 }) });
    expect(group.hasActive).toBe(false);
  });

  test('lets nothing starve behind an endless stream of higher priority (F5)', () => {
    const { all, pass } = backlog();
    all.learn(subqueue(1));
    const group = all.group(caps());
    let nowMs = 0;
    all.note({ sq: 1, prio: 0 }, 1);
    let waited = 0;
    for (; waited < 1_000; waited++) {
      all.note({ sq: 1, prio: -10 }, 1);
      const [asked] = all.choose(group, 1);
      if (asked === undefined) throw new Error('nothing was asked for');
      if (asked.prio === 0) break;
      all.learnAnswer(group, asked, { count: 1, seqMax: 1n, submittedMs: nowMs });
      pass(1_000);
      nowMs += 1_000;
    }
    // Ten steps of priority are ten times the aging.
    expect(waited).toBeGreaterThanOrEqual(99);
    expect(waited).toBeLessThanOrEqual(102);
  });

  test('gives fewer runs to a project whose runs take longer, here or on another replica (F5)', () => {
    const { all } = backlog({ costOf: (project) => (project === 'one' ? 9 : 1) });
    for (const [sq, project] of ['one', 'two'].entries()) all.learn(subqueue(sq, { project }));
    const group = all.group(caps());
    for (const sq of [0, 1]) all.note({ sq, prio: 0 }, 1_000);
    const asked = all.choose(group, 100);
    expect(asked.map(({ sq, count }) => [sq, count])).toEqual([
      [0, 10],
      [1, 90],
    ]);
    for (const each of asked) {
      all.learnAnswer(group, each, { count: each.count, seqMax: 1n, submittedMs: 0 });
    }
    const given = all.takeGiven();
    expect(given.map(({ cost }) => cost)).toEqual([90, 90]);
    expect(all.takeGiven()).toEqual([]);
    all.hearGiven({ group: group.name, project: 'two', cost: 90 });
    expect(all.choose(group, 10).map(({ sq, count }) => [sq, count])).toEqual([[0, 10]]);
  });
});
