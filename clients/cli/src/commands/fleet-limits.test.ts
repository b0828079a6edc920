import { describe, expect, test } from 'vitest';

import { shell } from '../shell-fixture.ts';

const ID = '0199aaaa-0000-7000-8000-000000000001';
const limits = { weight: 2, max_running: 20, max_queued: null, max_starts: null };
const backlog = {
  paused: false,
  pending: 7,
  oldest_at: null,
  blocked: { paused: 0, cap: 3, rate: 0 },
};
const rate = { count: 300, per_seconds: 60 };

describe('fleet projects', () => {
  test('set sends what is named alone, and `none` takes a limit away', async () => {
    const { run, server } = await shell();
    server.on('fleet.setProject', () => ({
      json: { project_id: ID, paused: false, ...limits, max_starts: rate },
    }));
    const line = 'fleet projects set research --max-running none --weight 0.5 --max-starts 300/min';
    const { code, out } = await run(line);
    expect(code).toBe(0);
    expect(out).toMatch(/2 +20 +none +300 in 60 s/);
    expect(server.asked('fleet.setProject')[0]).toMatchObject({
      params: { project: 'research' },
      body: { max_running: null, weight: 0.5, max_starts: rate },
    });
    expect((await run('fleet projects set research --weight 0')).code).toBe(2);
    expect((await run('fleet projects set research --max-running many')).code).toBe(2);
  });

  test('list shows limits, and what waits for what', async () => {
    const { run, server } = await shell();
    const project = { project_id: ID, name: 'research', ...limits, ...backlog };
    server.on('fleet.listProjects', () => ({ json: { projects: [project] } }));
    expect((await run('fleet projects list')).out).toMatch(/research.* 20 .*open +7 +3 by cap/);
    expect(JSON.parse((await run('fleet projects list --json')).out)).toEqual({
      projects: [project],
    });
  });
});

describe('fleet queues', () => {
  test('set is of a pool, or of a project in it', async () => {
    const { run, server } = await shell();
    server.on('fleet.setQueue', () => ({
      json: { pool: 'gpu', project_id: null, paused: false, max_queued: 10, max_starts: rate },
    }));
    await run('fleet queues set gpu --max-queued 10');
    const { out } = await run('fleet queues set gpu --project research --max-starts 10/s');
    expect(out).toMatch(/10 +300 in 60 s/);
    expect(server.asked('fleet.setQueue').map(({ body }) => body)).toEqual([
      { max_queued: 10 },
      { project: 'research', max_starts: { count: 10, per_seconds: 1 } },
    ]);
  });

  test('list names the project where it is of one', async () => {
    const { run, server } = await shell();
    const queue = { pool: 'gpu', project_id: null, max_queued: 5, max_starts: null, ...backlog };
    server.on('fleet.listQueues', () => ({ json: { queues: [{ ...queue, paused: true }] } }));
    expect((await run('fleet queues list')).out).toMatch(/gpu +all +5 +none +paused +7/);
  });
});

test('pause and resume say what they are about, and whether anything changed', async () => {
  const { run, server } = await shell();
  const where = { project_id: null, pool: 'gpu' };
  server.on('fleet.pause', () => ({ json: { ...where, paused: true, changed: true } }));
  server.on('fleet.resume', () => ({ json: { ...where, paused: false, changed: false } }));
  expect((await run('fleet pause --pool gpu --project research')).out).toBe(
    'project research in pool gpu is paused.',
  );
  expect((await run('fleet resume --pool gpu')).out).toBe('pool gpu is not paused, as before.');
  expect(server.asked('fleet.pause')[0]?.body).toEqual({ project: 'research', pool: 'gpu' });
  expect(await run('fleet pause')).toMatchObject({ code: 2, err: expect.stringMatching(/--pool/) });
});
