import { expect } from 'vitest';
import { fleetTest as test } from './fleet-test.ts';
for (let i = 0; i < 40; i++)
  test(`x${i}`, async ({ replica, owner }) => {
    const ids = [await replica.submit(), await replica.submit({ priority: -5 }), await replica.submit({ priority: 5 })];
    const worker = await replica.worker();
    const order: (string | undefined)[] = [];
    for (const _ of ids) order.push((await replica.claim(worker, { slots: 1 }))[0]?.run_id);
    expect(order).toEqual([ids[2], ids[0], ids[1]]);
    void owner;
  });
