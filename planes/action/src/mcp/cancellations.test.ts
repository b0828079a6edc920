import { expect, test } from 'vitest';

import { createCancellations } from './cancellations.ts';

test('a request is cancelled by who has made it, in its session, and while it is under way', () => {
  const all = createCancellations();
  const mine = { actor: 'token:a', session: 's1', id: 1 };
  const one = all.begin(mine);
  for (const other of [
    { ...mine, actor: 'token:b' },
    { ...mine, session: 's2' },
    { ...mine, session: null },
    { ...mine, id: '1' },
  ]) {
    all.cancel(other);
    expect(one.cancelled.aborted).toBe(false);
  }
  all.cancel(mine);
  expect(one.cancelled.aborted).toBe(true);
  one.end();

  // The next one under that id is another.
  const first = all.begin(mine);
  const second = all.begin(mine);
  first.end();
  all.cancel(mine);
  expect([first.cancelled.aborted, second.cancelled.aborted]).toEqual([false, true]);
  // Without a session, ids of several clients are the same ones.
  const nameless = all.begin({ ...mine, session: null });
  all.cancel({ ...mine, session: null });
  expect(nameless.cancelled.aborted).toBe(false);
});
