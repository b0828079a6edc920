import { expect, test } from 'vitest';

import { decideOverlap } from './decide-overlap.ts';

const submit = (cancel = 0) => ({ kind: 'submit', cancel });

test.each([
  ['allow', 1, 5, false, submit()],
  ['skip', 1, 0, false, submit()],
  ['skip', 1, 1, false, { kind: 'skip' }],
  ['skip', 2, 1, false, submit()],
  ['skip', 2, 2, false, { kind: 'skip' }],
  ['skip', 2, 0, true, { kind: 'skip' }],
  ['queue_one', 1, 0, false, submit()],
  ['queue_one', 1, 1, false, { kind: 'hold' }],
  ['queue_one', 1, 1, true, { kind: 'skip' }],
  ['cancel_running', 3, 2, false, submit(2)],
  ['cancel_oldest', 3, 2, false, submit(0)],
  ['cancel_oldest', 3, 3, false, submit(1)],
  ['cancel_oldest', 1, 3, false, submit(3)],
  ['refuse_new', 2, 1, false, submit()],
  ['refuse_new', 2, 2, false, { kind: 'refuse', why: '2 of its runs go on; 2 may' }],
] as const)(
  '%s of at most %i, with %i that go on (held: %s)',
  (...[overlap, overlapMax, active, isHolding, told]) => {
    expect(decideOverlap({ overlap, overlapMax }, { active, isHolding })).toEqual(told);
  },
);
