import { describe, expect, test } from 'vitest';

import { shell } from '../shell-fixture.ts';

test('fleet pools sets a strategy, clears what is not named, and shows loads', async () => {
  const { run, server } = await shell();
  const pool = { pool: 'gpu', strategy: 'THRESHOLD', capacity_threshold: 0.8, retry: null };
  server.on('fleet.setPool', () => ({ json: pool }));
  server.on('fleet.listPools', () => ({
    json: { pools: [{ ...pool, workers: 2, active: 3, slots: 8 }] },
  }));
  const set = await run([
    ...'fleet pools set gpu --strategy threshold --capacity-threshold 0.8 --retry'.split(' '),
    '{"max_attempts": 5}',
  ]);
  expect(set).toMatchObject({ code: 0, out: 'gpu: THRESHOLD' });
  await run('fleet pools set gpu');
  expect(server.asked('fleet.setPool').map(({ body }) => body)).toEqual([
    { strategy: 'threshold', capacity_threshold: 0.8, retry: { max_attempts: 5 } },
    { strategy: null, capacity_threshold: null, retry: null },
  ]);
  expect((await run('fleet pools list')).out).toMatch(/gpu +THRESHOLD +0\.8 +2 +3\/8/);
  expect((await run('fleet pools set gpu --capacity-threshold 2')).code).toBe(2);
});

test('fleet set-routing pins a project, and get-routing shows it', async () => {
  const { run, server } = await shell();
  const routing = { labels: { region: 'eu' }, pool: 'gpu', model: null };
  server.on('fleet.setProjectRouting', () => ({ json: routing }));
  server.on('fleet.getProjectRouting', () => ({ json: routing }));
  const set = await run('fleet set-routing research --labels region=eu --pool gpu');
  expect(set.out).toMatch(/region=eu +gpu/);
  expect(server.asked('fleet.setProjectRouting')[0]).toMatchObject({
    params: { project: 'research' },
    body: routing,
  });
  expect(JSON.parse((await run('fleet get-routing research --json')).out)).toEqual(routing);
  expect((await run('fleet set-routing research --labels region')).code).toBe(2);
});

describe('fleet versions', () => {
  test('lists the share of each version of a pool that ramps', async () => {
    const { run, server } = await shell();
    const ramp = { version: '2.0', percent: 10 };
    const row = { pool: 'gpu', workers: 1, slots: 4, active: 2, ramp };
    const versions = [
      { ...row, version: '2.0' },
      { ...row, version: null },
    ];
    server.on('fleet.listVersions', () => ({ json: { versions } }));
    const { out } = await run('fleet versions list');
    expect(out).toMatch(/gpu +2\.0 +1 +2\/4 +10 %/);
    expect(out).toMatch(/gpu +- +1 +2\/4 +90 %/);
  });

  test('ramps a version by percent, and ends the ramp', async () => {
    const { run, server } = await shell();
    server.on('fleet.setRamp', () => ({ json: { pool: 'gpu', ramp: null } }));
    const ramped = await run('fleet versions ramp --pool gpu --version 2.0 --percent 10');
    expect(ramped).toMatchObject({ code: 0, out: 'gpu: 10 % of its runs go to 2.0' });
    expect((await run('fleet versions end-ramp --pool gpu')).code).toBe(0);
    expect(server.asked('fleet.setRamp').map(({ body }) => body)).toEqual([
      { ramp: { version: '2.0', percent: 10 } },
      { ramp: null },
    ]);
    for (const percent of ['101', '-1', '1.5', 'all']) {
      const wrong = `fleet versions ramp --pool gpu --version 2.0 --percent=${percent}`;
      expect((await run(wrong)).code).toBe(2);
    }
  });
});

test('fleet waiting shows what waits, and why nobody can serve it', async () => {
  const { run, server } = await shell();
  const queue = {
    project_id: '0199aaaa-0000-7000-8000-000000000001',
    pool: 'gpu',
    model: null,
    labels: { region: 'eu' },
    selectors: ['gpu_memory>=24'],
    pending: 1_000,
    pending_counted: false,
    unmatchable: true,
    reason: 'no worker of the pool has region=eu',
  };
  server.on('fleet.listPending', () => ({ json: { queues: [queue] } }));
  const { out } = await run('fleet waiting');
  expect(out).toMatch(/gpu +any +region=eu gpu_memory>=24 +1000\+ +no worker of the pool/);
  expect(JSON.parse((await run('fleet waiting --json')).out)).toEqual({ queues: [queue] });
});
