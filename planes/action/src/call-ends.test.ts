import { expect, test } from 'vitest';

import { createCallEnds } from './call-ends.ts';

const AN_HOUR_MS = 3_600_000;

test('whoever watches a call is woken by its end, also when that comes before they wait', async () => {
  const ends = createCallEnds();
  const [one, other, third] = [ends.watch('a'), ends.watch('a'), ends.watch('b')];
  const told: string[] = [];
  const waiting = one.wait(AN_HOUR_MS).then(() => told.push('one'));
  ends.ended('a');
  await waiting;
  await other.wait(AN_HOUR_MS);
  expect(told).toEqual(['one']);
  // Of another call nobody was told, and what was told once is not told again.
  await third.wait(1);
  await other.wait(1);
  one.close();
  other.close();
  third.close();
  ends.ended('a');
  const next = ends.watch('a');
  await next.wait(1);
  next.close();
});
