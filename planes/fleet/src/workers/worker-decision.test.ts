import { WORKER_STATES } from '@sagewai/wire';
import { expect, test } from 'vitest';

import { judgeApproval, TRANSITIONS } from './worker-decision.ts';

test.each([
  [false, null, 'a', 'decides'],
  [true, null, 'a', 'first'],
  [true, 'a', 'a', 'same_person'],
  [true, 'a', 'b', 'decides'],
] as const)('two needed: %s, first by %s, now by %s: %s', (needsTwo, firstBy, by, kind) => {
  expect(judgeApproval(needsTwo, firstBy, by).kind).toBe(kind);
});

test('no decision comes from where it leads, and a ban is final', () => {
  for (const { to, from } of Object.values(TRANSITIONS)) {
    expect(from).not.toContain(to);
    expect(from).not.toContain('banned');
    expect(WORKER_STATES).toEqual(expect.arrayContaining([...from, to]));
  }
});
