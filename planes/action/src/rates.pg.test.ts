import { type Db, sql } from '@sagewai/postgres';
import { expect } from 'vitest';

import { actionTest as test } from './action-test.ts';

/** What was taken of a rate lies so much further back: whole sixtieths of its window. */
async function age(owner: Db, seconds: number): Promise<void> {
  // Slots are turned, as if the clock had gone on; a sixtieth of the window each.
  await sql`
    update tool_rate r
    set newest_at = newest_at - ${seconds}::float8 * 60 / per_seconds * interval '1 second',
        slots = (select array_agg(r.slots[(i - 1 + n) % 61 + 1] order by i)
                 from generate_series(1, 61) i,
                      (select epoch_second(r.newest_at)
                              - epoch_second(r.newest_at - ${seconds}::float8 * 60 / per_seconds * interval '1 second') as n) d)
  `.execute(owner);
}

test('the window of a rate slides: never more than its calls in any stretch of its seconds (A6)', async ({
  replica,
  tools,
  owner,
}) => {
  const rate = { calls: 4, per_seconds: 3_600 };
  await replica.tool('save', tools.url, { rate });
  const take = async (times: number) => {
    const answers = [];
    for (let n = 0; n < times; n += 1) answers.push(await replica.ask('save', {}));
    return answers.map(({ status }) => status);
  };
  expect(await take(2)).toEqual([200, 200]);
  await age(owner, 3_000);
  expect(await take(3)).toEqual([200, 200, 429]);
  // A window that began anew an hour after its first call would let four pass here, and six in ten minutes.
  await age(owner, 720);
  expect(await take(3)).toEqual([200, 200, 429]);
  const refused = await replica.app.inject({
    method: 'POST',
    url: '/api/v1/tools/save/calls',
    headers: { authorization: 'Bearer write', 'content-type': 'application/json' },
    payload: '{"arguments":{}}',
  });
  const waitS = Number(refused.headers['retry-after']);
  expect(waitS).toBeGreaterThan(2_800);
  expect(waitS).toBeLessThanOrEqual(2_941);
  await age(owner, Math.ceil(waitS / 60) * 60);
  expect((await take(1))[0]).toBe(200);
});

test('a rate that comes to another length keeps what was used, as if just now', async ({
  replica,
  tools,
}) => {
  await replica.tool('save', tools.url, { rate: { calls: 3, per_seconds: 60 } });
  expect((await replica.ask('save', {})).status).toBe(200);
  expect((await replica.ask('save', {})).status).toBe(200);
  const rate = { calls: 3, per_seconds: 86_400 };
  await replica.call('PATCH', '/api/v1/tools/save', 'admin', { rate });
  expect((await replica.ask('save', {})).status).toBe(200);
  expect((await replica.ask('save', {})).status).toBe(429);
  const more = { calls: 4, per_seconds: 86_400 };
  await replica.call('PATCH', '/api/v1/tools/save', 'admin', { rate: more });
  expect((await replica.ask('save', {})).status).toBe(200);
  expect((await replica.ask('save', {})).status).toBe(429);
});

test('what the organization lets a project have, the project does not change: it may have less (A6)', async ({
  replica,
  tools,
  tenant,
}) => {
  await replica.tool('save', tools.url);
  const set = (as: string, body: object) => replica.call('PUT', '/api/v1/tool-rates', as, body);
  const of = { project: tenant.projectId };
  const rate = { calls: 2, per_seconds: 3_600 };
  await set('admin', { ...of, rate });
  // Lifting it lifts its own, of which there is none; the organization's it may not name.
  const lifted = await set('bound', { rate: null });
  expect(lifted.body).toEqual({
    rates: [{ project_id: tenant.projectId, set_by: 'organization', rate }],
  });
  expect((await set('bound', { ...of, set_by: 'organization', rate: null })).status).toBe(403);
  expect((await set('bound', { rate: { ...rate, calls: 9 } })).body).toMatchObject({
    rates: [{ set_by: 'organization' }, { set_by: 'project', rate: { calls: 9 } }],
  });
  const statuses = async (times: number) => {
    const answers = [];
    for (let n = 0; n < times; n += 1) answers.push((await replica.ask('save', {})).status);
    return answers;
  };
  expect(await statuses(3)).toEqual([200, 200, 429]);
  await set('admin', { ...of, rate: { ...rate, calls: 100 } });
  await set('bound', { rate: { ...rate, calls: 3 } });
  expect(await statuses(2)).toEqual([200, 429]);
  expect((await set('admin', { set_by: 'project', rate })).status).toBe(400);
  await set('admin', { ...of, set_by: 'project', rate: null });
  expect(await statuses(1)).toEqual([200]);
});
