import { describe, expect, test } from 'vitest';

import { shell } from '../shell-fixture.ts';

const sums = {
  calls: 2,
  failed_calls: 0,
  unpriced_calls: 1,
  cost_usd: '1.5',
  input_tokens: 10,
  cached_input_tokens: 0,
  cache_write_tokens: 0,
  output_tokens: 3,
};
const none = {
  day: null,
  project_id: null,
  key_id: null,
  team: null,
  person: null,
  model: null,
  provider: null,
  agent: null,
  session: null,
  tag: null,
};
const groups = [
  { ...none, ...sums, day: '2026-11-21', model: 'gpt-4o' },
  { ...none, ...sums, day: '2026-11-22', model: null },
];

describe('spend report', () => {
  test('prints the sums of all pages, with the totals', async () => {
    const { run, server } = await shell();
    server.on('ledger.reportSpend', ({ query }) => {
      const isFirst = query['cursor'] === undefined;
      const page = isFirst ? groups.slice(0, 1) : groups.slice(1);
      return { json: { groups: page, totals: sums, next_cursor: isFirst ? '1' : null } };
    });
    const { out } = await run('spend report --by day,model --since 7d --until 2026-11-30 --tag t');
    expect(out).toMatch(/DAY +MODEL +CALLS +COST +INPUT TOKENS +OUTPUT TOKENS/);
    expect(out).toMatch(/2026-11-21 +gpt-4o +2 +\$1\.5 +10 +3\n2026-11-22 +- +2/);
    expect(out).toMatch(/total +- +2 +\$1\.5 +10 +3\n1 of the calls have no known price/);
    const weekAgo = new Date(Date.now() - 7 * 86_400_000).toISOString().slice(0, 10);
    const query = { group_by: 'day,model', since: weekAgo, until: '2026-11-30', tag: 't' };
    expect(server.asked('ledger.reportSpend')).toMatchObject([
      { query },
      { query: { cursor: '1' } },
    ]);
    const json = await run('spend report --by day,model --json');
    expect(JSON.parse(json.out)).toMatchObject({ groups, totals: sums });
    const csv = await run('spend report --by day,model --csv');
    expect(csv.out.split('\n')).toEqual([
      'day,model,calls,failed_calls,unpriced_calls,cost_usd,input_tokens,cached_input_tokens,cache_write_tokens,output_tokens',
      '2026-11-21,gpt-4o,2,0,1,1.5,10,0,0,3',
      '2026-11-22,,2,0,1,1.5,10,0,0,3',
    ]);
  });

  test('refuses what it cannot tell apart, and times that are none', async () => {
    const { run } = await shell();
    expect((await run('spend report --by colour')).code).toBe(2);
    expect(await run('spend report --since yesterday')).toMatchObject({
      code: 2,
      err: 'error: yesterday: expected a date, as 2026-11-01, or how long ago, as 7d',
    });
  });
});

test('spend export goes page by page, and says how a broken one goes on', async () => {
  const { run, server } = await shell();
  const row = {
    id: '0199aaaa-0000-7000-8000-000000000001',
    kind: 'settlement',
    project_id: '0199aaaa-0000-7000-8000-000000000002',
    key_id: null,
    team_id: null,
    person_id: null,
    run_id: null,
    worker_id: null,
    model: 'm',
    deployment: 'd',
    provider: null,
    cost_usd: '0.5',
    reserved_usd: '1',
    saved_usd: null,
    overrun_usd: '0',
    input_tokens: 1,
    cached_input_tokens: 0,
    cache_write_tokens: 0,
    output_tokens: 1,
    usage_source: 'provider',
    status: 'ok',
    started_at: '2026-11-28T00:00:00.000Z',
    settled_at: '2026-11-28T00:00:01.000Z',
    session_id: null,
    agent: null,
    tags: [],
  };
  const cursor = `${row.id}.0`;
  let fails = false;
  server.on('ledger.listSpend', ({ query }) => {
    if (query['cursor'] === undefined)
      return { json: { spend: [row], next_cursor: cursor, totals: null } };
    if (fails) return { status: 400, json: { code: 'request.invalid', detail: 'no' } };
    // A page may be empty though there are more.
    return { json: { spend: [], next_cursor: null, totals: null } };
  });
  const whole = await run('spend export --format csv --since 2026-11-28 --tag t');
  expect(whole.out.split('\n')).toHaveLength(2);
  expect(whole.out).toMatch(/^id,kind,.*\n0199aaaa-0000-7000-8000-000000000001,settlement,/);
  expect(server.asked('ledger.listSpend')).toMatchObject([
    { query: { since: '2026-11-28T00:00:00.000Z', tag: 't' } },
    { query: { cursor } },
  ]);
  fails = true;
  const broken = await run('spend export');
  expect(broken.code).not.toBe(0);
  expect(JSON.parse(broken.out)).toEqual(row);
  expect(broken.err).toContain(`--cursor ${cursor}`);
});
