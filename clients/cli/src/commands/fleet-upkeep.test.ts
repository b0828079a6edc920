import { describe, expect, test } from 'vitest';

import { shell } from '../shell-fixture.ts';

const ID = '0199aaaa-0000-7000-8000-000000000001';

describe('fleet drain', () => {
  test('tells what the worker still holds, and undrain lets it stay', async () => {
    const { run, server } = await shell();
    const answer = { worker_id: ID, draining: true, safe: false, active_runs: 2 };
    server.on('fleet.drainWorker', () => ({ json: answer }));
    server.on('fleet.undrainWorker', () => ({ json: { ...answer, draining: false } }));
    expect(await run(`fleet drain ${ID}`)).toMatchObject({
      code: 0,
      out: `Worker ${ID} is given nothing more, and still has 2 runs.`,
    });
    expect((await run(`fleet undrain ${ID}`)).out).toBe(`Worker ${ID} works again.`);
    expect(JSON.parse((await run(`fleet drain ${ID} --json`)).out)).toEqual(answer);
  });
});

describe('fleet stalled', () => {
  test('watch-pool and ignore-pool say for how long a run may be quiet', async () => {
    const { run, server } = await shell();
    server.on('fleet.setPoolProgress', ({ body }) => ({
      json: { pool: 'gpu', requeue: false, ...Object(body) },
    }));
    await run('fleet stalled watch-pool gpu --after 10m --requeue');
    expect((await run('fleet stalled watch-pool gpu --after 90s')).out).toContain('90 s');
    await run('fleet stalled ignore-pool gpu');
    expect(server.asked('fleet.setPoolProgress').map(({ body }) => body)).toEqual([
      { no_progress_seconds: 600, requeue: true },
      { no_progress_seconds: 90, requeue: false },
      { no_progress_seconds: null },
    ]);
    expect((await run('fleet stalled watch-pool gpu')).code).toBe(2);
  });

  test('list shows the runs, and since when they are quiet', async () => {
    const { run, server } = await shell();
    const quiet = {
      project_id: ID,
      worker_id: ID,
      found_at: '2026-01-01T00:10:00Z',
      run_id: ID,
      pool: 'gpu',
      worker_name: 'w1',
      quiet_since: '2026-01-01T00:00:00Z',
    };
    server.on('fleet.listStalled', () => ({ json: { runs: [quiet] } }));
    expect((await run('fleet stalled list')).out).toMatch(new RegExp(`${ID} +gpu +w1`));
  });
});

describe('fleet encryption', () => {
  const key = { id: ID, project_id: ID, project: 'billing', state: 'active', retired_at: null };
  const state = (enabled: boolean) => ({ enabled, enabled_at: null, settled: false });
  const created = { created_at: '2026-01-01T00:00:00Z' };

  test('is off until it is switched on, and says whether it is done', async () => {
    const { run, server } = await shell();
    let enabled = false;
    server.on('fleet.getEncryption', () => ({
      json: { ...state(enabled), keys: enabled ? [{ ...key, ...created }] : [] },
    }));
    server.on('fleet.enableEncryption', () => {
      enabled = true;
      return { json: { ...state(enabled), keys: [] } };
    });
    expect((await run('fleet encryption status')).out).toContain('Off.');
    expect((await run('fleet encryption enable')).out).toContain('in the background');
    const { out } = await run('fleet encryption status --project billing');
    expect(out).toMatch(/are being encrypted/);
    expect(out).toMatch(/billing +active/);
    expect(server.asked('fleet.getEncryption')[1]?.query).toEqual({ project: 'billing' });
  });

  test('rotates all keys, or those of one project', async () => {
    const { run, server } = await shell();
    server.on('fleet.rotateEncryption', ({ body }) => ({
      json: { rotated: Object(body).project === undefined ? 3 : 1 },
    }));
    expect((await run('fleet encryption rotate')).out).toContain('3 projects have a new key');
    const one = await run('fleet encryption rotate --project billing');
    expect(one.out).toContain('1 project has a new key');
  });
});
