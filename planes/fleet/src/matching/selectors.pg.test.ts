import { describe, expect } from 'vitest';

import { fleetTest as test } from '../fleet-test.ts';

describe('a run with selectors', () => {
  test('goes to a worker that satisfies all that are required, and to no other (F3)', async ({
    replica,
  }) => {
    const selectors = [
      { label: 'memory', op: 'gte', value: 24 },
      { label: 'zone', op: 'in', values: ['a', 'b'] },
      { label: 'spot', op: 'not_exists' },
    ];
    const run = await replica.submit({ selectors });
    for (const labels of [
      {},
      { memory: '24' },
      { memory: '16', zone: 'a' },
      { memory: '24GB', zone: 'a' },
      { memory: '24', zone: 'c' },
      { memory: '24', zone: 'a', spot: '' },
    ]) {
      expect(await replica.claim(await replica.worker({ labels }))).toEqual([]);
    }
    const worker = await replica.worker({ labels: { memory: '24.0', zone: 'b', other: 'x' } });
    const [lease] = await replica.claim(worker);
    expect(lease?.run_id).toBe(run);
  });

  test('is found by a replica that was told of it only by the queue', async ({ replicaWith }) => {
    const [here, there] = [replicaWith({}), replicaWith({})];
    const hostile = '"}]\'; drop table run; --';
    const run = await here.submit({ selectors: [{ label: hostile, op: 'eq', value: hostile }] });
    const match = await there.worker({ labels: { [hostile]: hostile } });
    let found: string | undefined;
    const waiting = there.claim(match, { slots: 1, poll_timeout: 30 }).then(([lease]) => {
      found = lease?.run_id;
    });
    while (found === undefined) {
      await there.run('fleet.sweep');
      await new Promise((resolve) => void setImmediate(resolve));
    }
    await waiting;
    expect(found).toBe(run);
  });

  test.for([
    [{ label: 'x', op: 'like', value: 'a' }],
    [{ label: '', op: 'exists' }],
    [{ label: 'x', op: 'gte', value: 'many' }],
    [{ label: 'x', op: 'exists', weight: 0, required: false }],
  ])('is refused when one cannot be: %j', async ([selector], { replica }) => {
    for (const [url, body] of [
      ['/api/v1/runs', { payload: {}, selectors: [selector] }],
      ['/api/v1/fleet/tasks', { payload: {}, selectors: [selector] }],
    ] as const) {
      const answer = await replica.call('POST', url, { as: 'write', body });
      expect(answer).toMatchObject({ status: 400, body: { code: 'request.invalid' } });
    }
  });
});
