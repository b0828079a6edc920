import { Secret } from '@sagewai/config';
import { checkLedger, checkRollups, setBudgets, UNLIMITED } from '@sagewai/ledger';
import { inTenant, sql } from '@sagewai/postgres';
import { describe, expect } from 'vitest';

import {
  deploymentAt,
  type FakeUpstream,
  makeKey,
  type RunningGateway,
  startFakeUpstream,
  startGateway,
} from '../gateway-fixture.ts';
import { answer } from '../routing/routing-fixture.ts';
import { curlAs, litellmTest, makeToken, MASTER, sha256 } from './fixture.sql.ts';
import { keepMasterKey } from './master-key.ts';

/** What so many calls cost: each 10 tokens of input and 5 of output, 60,000 pico-dollars. */
const costOf = (calls: number): number => Number(`${calls * 6}e-8`);
const COST = costOf(1);
const today = new Date().toISOString().slice(0, 10);

const test = litellmTest.extend<{ upstream: FakeUpstream; gateway: RunningGateway }>({
  // oxlint-disable-next-line no-empty-pattern -- Vitest reads the parameter's names
  upstream: async ({}, use) => {
    const upstream = await startFakeUpstream();
    upstream.answer = (_, reply) => answer(reply, 200);
    await use(upstream);
    await upstream.close();
  },
  gateway: async ({ db, upstream, tenant }, use) => {
    if (tenant.orgId === null) throw new Error('there is no organization');
    const gateway = await startGateway(db, {
      masterKey: keepMasterKey(new Secret(MASTER)),
      deployments: ['m', 'n'].map((model) => deploymentAt(upstream.url, { id: model, model })),
    });
    await use(gateway);
    await gateway.close();
  },
});

const ask = (model: string) => ({ model, messages: [{ role: 'user', content: 'hi' }] });

describe('/spend and /global/spend', () => {
  test('add up to what the calls cost, by every name, as the ledger has it', async ({
    curl,
    gateway,
    db,
    tenant,
    owner,
  }) => {
    await curl('POST /team/new', { team_id: 'blue', team_alias: 'Blue' });
    const made = await curl('POST /key/generate', {
      key_alias: 'ci',
      team_id: 'blue',
      user_id: 'ana',
    });
    const { key } = made.body as { key: string };
    const other = await curl('POST /key/generate', { key_alias: 'cd', user_id: 'bo' });
    const calls = [
      [key, 'm'],
      [key, 'm'],
      [key, 'n'],
      [String(other.body.key), 'm'],
    ] as const;
    for (const [by, model] of calls) expect((await gateway.chat(by, ask(model))).status).toBe(200);

    const { body: logs } = await curl('GET /spend/logs');
    expect(logs).toHaveLength(4);
    expect(logs[1]).toMatchObject({
      api_key: sha256(key),
      call_type: 'acompletion',
      model: 'n',
      spend: COST,
      prompt_tokens: 10,
      completion_tokens: 5,
      total_tokens: 15,
      user: 'ana',
      team_id: 'blue',
      status: 'success',
      organization_id: tenant.orgId,
      metadata: { usage_source: 'provider', entry: 'settlement' },
    });
    const of = async (query: string) => (await curl(`GET /spend/logs?${query}`)).body;
    expect(await of(`api_key=${key}`)).toHaveLength(3);
    expect(await of(`api_key=${sha256(key)}&user_id=ana`)).toHaveLength(3);
    expect(await of('user_id=bo')).toHaveLength(1);
    expect(await of(`request_id=${logs[0].request_id}`)).toEqual([logs[0]]);
    const first = await curl('GET /spend/logs?page_size=3');
    const rest = await of(`page_size=3&cursor=${first.headers.get('x-next-cursor')}`);
    expect([...first.body, ...rest]).toEqual(logs);
    expect(await of(`start_date=${today}&end_date=${today}&summarize=false`)).toEqual(logs);
    const days = await of(`start_date=2026-01-01&end_date=${today}`);
    expect(days.at(0)).toEqual({ startTime: '2026-01-01', spend: 0, users: {}, models: {} });
    expect(days.at(-1)).toEqual({
      startTime: today,
      spend: costOf(4),
      users: { ana: costOf(3), bo: COST },
      models: { m: costOf(3), n: COST },
      [sha256(key)]: costOf(3),
      [sha256(other.body.key)]: COST,
    });
    expect(await of('group_by=model')).toMatchObject([
      { model: 'm', group: 'm', total_spend: costOf(3), log_count: 3, total_tokens: 45 },
      { model: 'n', spend: COST },
    ]);

    expect((await curl('GET /spend/keys')).body).toMatchObject([
      { token: sha256(key), key_alias: 'ci', spend: costOf(3), user_id: 'ana', team_id: 'blue' },
      { key_alias: 'cd', spend: COST, team_id: null },
    ]);
    expect((await curl('GET /spend/users')).body).toEqual([
      { user_id: 'ana', spend: costOf(3), log_count: 3 },
      { user_id: 'bo', spend: COST, log_count: 1 },
    ]);
    expect((await curl('GET /spend/users?user_id=bo')).body).toHaveLength(1);
    expect((await curl('GET /global/spend')).body).toEqual({
      spend: costOf(4),
      max_budget: 0,
      budget_duration: null,
    });
    expect((await curl('GET /global/spend/keys?limit=1')).body).toMatchObject([
      { api_key: sha256(key), key_alias: 'ci', total_spend: costOf(3) },
    ]);
    expect((await curl('GET /global/spend/models')).body).toEqual([
      { model: 'm', total_spend: costOf(3) },
      { model: 'n', total_spend: COST },
    ]);
    expect((await curl('GET /global/spend/teams')).body).toEqual({
      daily_spend: [{ date: today, Blue: costOf(3), 'Unassigned Team': COST }],
      teams: ['Blue', 'Unassigned Team'],
      total_spend_per_team: [
        { team_id: 'Blue', total_spend: costOf(3) },
        { team_id: 'Unassigned Team', total_spend: COST },
      ],
    });
    const report = `GET /global/spend/report?start_date=${today}&end_date=${today}`;
    expect((await curl(report)).body).toMatchObject([
      {
        group_by_day: today,
        teams: [
          {
            team_name: 'Blue',
            total_spend: costOf(3),
            metadata: [
              { model: 'm', api_key: sha256(key), spend: costOf(2), total_tokens: 30 },
              { model: 'n', spend: COST },
            ],
          },
          { team_name: 'Unassigned Team', total_spend: COST },
        ],
      },
    ]);
    expect((await curl(`${report}&group_by=api_key`)).body).toMatchObject([
      {
        api_key: sha256(key),
        total_cost: costOf(3),
        total_input_tokens: 30,
        total_output_tokens: 15,
        model_details: [{ model: 'm', total_cost: costOf(2) }, { model: 'n' }],
      },
      { total_cost: COST },
    ]);
    expect((await curl(`${report}&group_by=model`)).body).toMatchObject([
      { models: [{ model: 'm', total_spend: costOf(3) }, { model: 'n' }] },
    ]);
    expect(await checkRollups(db, tenant.orgId)).toEqual([]);
    expect(await checkLedger(db, [tenant.orgId])).toEqual([]);
    const { rows } = await sql<{
      sum: bigint;
    }>`select sum(cost_pusd)::numeric as sum from spend`.execute(owner);
    expect(rows).toEqual([{ sum: 240_000n }]);
  });

  test('by tag count a call for each of its tags', async ({ curl, gateway, db, tenant, owner }) => {
    const key = await makeKey(db, tenant);
    for (let i = 0; i < 2; i++) await gateway.chat(key.value, ask('m'));
    await sql`update spend set tags = array['t', 'u'] where id = (select min(id::text)::uuid from spend)`.execute(
      owner,
    );
    expect((await curl('GET /spend/tags')).body).toEqual([
      { individual_request_tag: 't', log_count: 1, total_spend: COST },
      { individual_request_tag: 'u', log_count: 1, total_spend: COST },
    ]);
    expect((await curl('GET /global/spend/tags?tags=u,x')).body).toEqual({
      spend_per_tag: [{ name: 'u', spend: COST, log_count: 1 }],
    });
  });

  test('are refused for days that are none, and to whoever may not read them', async ({
    curl,
    gateway,
    db,
    tenant,
  }) => {
    for (const wrong of [
      '/spend/logs?start_date=yesterday',
      '/spend/logs?start_date=2026-02-31&end_date=2026-13-01',
      '/spend/logs?start_date=2026-99-01&summarize=false',
      '/spend/logs?request_id=1',
      '/spend/logs?cursor=------------------------------------.0',
      '/spend/logs?group_by=colour',
      '/global/spend/report',
      '/global/spend/report?start_date=0001-01-01&end_date=2026-01-01',
      '/global/spend/report?start_date=2026-01-01&end_date=2026-01-02&group_by=customer',
    ]) {
      expect([wrong, (await curl(`GET ${wrong}`)).status]).toEqual([wrong, 400]);
    }
    expect((await curl('GET /spend/logs?api_key=sk-nobodys')).status).toBe(404);
    const key = await makeKey(db, tenant);
    expect((await curlAs(gateway, key.value)('GET /spend/logs')).status).toBe(403);
    expect((await curlAs(gateway, null)('GET /global/spend')).status).toBe(401);
    await gateway.chat(key.value, ask('m'));
    const bound = await makeToken(db, tenant, ['read'], tenant.projectId);
    expect((await curlAs(gateway, bound)('GET /spend/logs')).body).toHaveLength(1);
    const { orgId, projectId } = tenant;
    await inTenant(db, [orgId], async (tx) => {
      await setBudgets(
        tx,
        { orgId, kind: 'organization', id: orgId },
        { ...UNLIMITED, usdInTotal: 9n },
      );
      const own = { ...UNLIMITED, usdInTotal: 2_000_000_000_000n };
      await setBudgets(tx, { orgId, kind: 'project', id: projectId }, own);
    });
    expect((await curlAs(gateway, bound)('GET /global/spend')).body.max_budget).toBe(2);
  });
});
