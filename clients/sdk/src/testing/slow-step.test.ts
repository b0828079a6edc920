import { setTimeout as pause } from 'node:timers/promises';

import { expect, test } from 'vitest';

import { attempt, Shelf } from './index.ts';

test('where a worker dies does not depend on how slow its steps are', async () => {
  const done: string[] = [];
  const shelf = new Shelf();
  const workflow = async (ctx: Parameters<Parameters<typeof attempt>[0]>[0]): Promise<void> => {
    for (const name of ['one', 'two']) {
      await ctx.step(name, async () => {
        done.push(name);
        // Longer than a step may take before it is told that it is under way.
        await pause(20);
      });
    }
  };
  await attempt(workflow, shelf.open(1), { tellBegunAfterMs: 1 });
  await attempt(workflow, shelf.open(), { tellBegunAfterMs: 1 });
  expect(done).toEqual(['one', 'two', 'two']);
});
