import type { OrganizationId, ProjectId } from '@sagewai/wire';
import { describe, expect, test } from 'vitest';

import { Backlog, type Group } from './backlog.ts';
import type { Subqueue } from './subqueue.ts';
import type { Capabilities } from './worker.ts';

const ORG = 'acme' as OrganizationId;

function backlog(): { all: Backlog; pass: (ms: number) => void } {
  let nowMs = 0;
  const all = new Backlog({ weightOf: () => 1, fullLookEveryMs: 1_000, monotonicMs: () => nowMs });
  return { all, pass: (ms) => (nowMs += ms) };
}

const subqueue = (
  sq: number,
  of: { project?: string; model?: string; org?: string } = {},
): Subqueue => ({
  sq,
  orgId: (of.org ?? ORG) as OrganizationId,
  projectId: (of.project ?? 'one') as ProjectId,
  requirement: { pool: 'default', model: of.model ?? '*', labels: {} },
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
    all.learnAnswer(group, { ...asked, count: 5 }, { count: 1, seqMax: 1n });
    expect(group.hasActive).toBe(true);
    const [again] = all.choose(group, 5);
    if (again === undefined) throw new Error('nothing was asked for');
    all.learnAnswer(group, { ...again, count: 5 }, { count: 0, seqMax: 0n });
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
    all.learnAnswer(group, first, { count: 10, seqMax: 5_000n });
    const second = ask();
    expect(second.floor).toBe(4_000n);
    all.learnAnswer(group, second, { count: 0, seqMax: 0n });
    expect(group.hasActive).toBe(true);
    const third = ask();
    expect(third.floor).toBe(0n);
    all.learnAnswer(group, third, { count: 10, seqMax: 6_000n });
    pass(1_000);
    expect(ask().floor).toBe(0n);
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
});
