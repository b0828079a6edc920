import { describe, expect, test } from 'vitest';

import { shell } from '../shell-fixture.ts';

const ID = '0199aaaa-0000-7000-8000-000000000001';
const removal = (safe: boolean): object => ({
  worker_id: ID,
  status: 'approved',
  safe,
  draining: true,
  active_runs: safe ? 0 : 2,
});

describe('fleet safe-to-remove', () => {
  test('says it with its exit code, and asks to drain only when told', async () => {
    const { run, server } = await shell();
    let safe = false;
    server.on('fleet.askWhetherSafe', () => ({ json: removal(safe) }));
    const busy = await run(`fleet safe-to-remove ${ID} --drain`);
    expect(busy.code).toBe(5);
    expect(busy.out).toBe('Not safe: it holds 2 runs; it is given nothing more.');
    safe = true;
    const free = await run(`fleet safe-to-remove ${ID} --json`);
    expect(free.code).toBe(0);
    expect(JSON.parse(free.out)).toEqual(removal(true));
    await run(`fleet safe-to-remove ${ID} --resume`);
    const asked = server.asked('fleet.askWhetherSafe').map(({ query }) => query);
    expect(asked).toEqual([{ drain: 'true' }, {}, { drain: 'false' }]);
  });
});

test('fleet pending shows the numbers that an autoscaler sees', async () => {
  const { run, server } = await shell();
  const answer = {
    pool: 'gpu',
    model: null,
    pending_runs: 7,
    blocked_by_quota: 1,
    unmatchable: 2,
    oldest_age_seconds: 75,
    active_runs: 3,
    needed_slots: 10,
    workers: 2,
    slots: 4,
  };
  server.on('fleet.readScaling', () => ({ json: answer }));
  const { code, out } = await run('fleet pending --pool gpu');
  expect(code).toBe(0);
  expect(out).toContain('1m 15s');
  expect(JSON.parse((await run('fleet pending --json')).out)).toEqual(answer);
});
