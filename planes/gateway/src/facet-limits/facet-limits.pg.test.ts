import { checkLedger } from '@sagewai/ledger';
import { describe, expect } from 'vitest';

import { ask, curlAs, litellmTest as test, makeToken } from '../litellm/fixture.sql.ts';

describe('limits of parts', () => {
  test('a key’s models, in LiteLLM’s words: what is left out stays, what is said again is replaced', async ({
    curl,
    db,
    gateway,
    tenant,
  }) => {
    const budget = { simulated: { budget_limit: 1, time_period: '1d' } };
    const { body: made } = await curl('POST /key/generate', {
      model_max_budget: budget,
      model_rpm_limit: { simulated: 2 },
      model_tpm_limit: { 'simulated-large': 100_000 },
    });
    expect(made).toMatchObject({
      model_max_budget: { simulated: { budget_limit: 1, time_period: '24h' } },
      model_rpm_limit: { simulated: 2 },
      model_tpm_limit: { 'simulated-large': 100_000 },
      max_budget: null,
    });
    const call = (model: string, more = {}) => gateway.chat(made.key, { ...ask, model, ...more });
    const answers = await Promise.all(Array.from({ length: 5 }, () => call('simulated')));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(2);
    const refused = answers.find(({ status }) => status === 429);
    expect(refused?.headers.get('retry-after')).toMatch(/^\d+$/);
    expect(await refused?.json()).toMatchObject({
      error: {
        message: expect.stringMatching(
          /^Rate limit reached: 2 of 2 requests per minute of the model simulated of this key/,
        ),
      },
    });
    expect((await call('simulated-large')).status).toBe(200);

    const dear = { simulated: { max_budget: 0, budget_duration: '7d' } };
    const changed = await curl('POST /key/update', {
      key: made.key,
      model_max_budget: dear,
      model_rpm_limit: {},
    });
    expect(changed.body).toMatchObject({
      model_max_budget: { simulated: { budget_limit: 0, time_period: '7d' } },
      model_rpm_limit: {},
      model_tpm_limit: { 'simulated-large': 100_000 },
    });
    const broke = await call('simulated');
    expect(broke.status).toBe(429);
    expect(await broke.json()).toMatchObject({
      error: {
        type: 'budget_exceeded',
        message: expect.stringMatching(
          /Max budget: 0 \(of the model simulated of this key\); a week’s budget/,
        ),
      },
    });
    const own = curlAs(gateway, await makeToken(db, tenant, ['read']));
    expect((await own('GET /api/v1/facet-limits')).body.limits).toMatchObject([
      { scope_kind: 'key', facet: 'model', name: 'simulated', usd_per_week: '0' },
      { name: 'simulated-large', tokens_per_minute: 100_000 },
    ]);
    await curl('POST /key/delete', { keys: [made.key] });
    expect((await own('GET /api/v1/facet-limits')).body.limits).toEqual([]);
    expect(await checkLedger(db, [tenant.orgId])).toEqual([]);
  });

  test('each end user and each session of a project, whoever’s key it is', async ({
    curl,
    db,
    gateway,
    tenant,
  }) => {
    const admin = curlAs(gateway, await makeToken(db, tenant, ['admin']));
    const { projectId } = tenant;
    const path = `PUT /api/v1/facet-limits/project/${projectId}`;
    const set = await admin(`${path}/end_user`, { requests_per_minute: 1 });
    expect(set.body).toMatchObject({ facet: 'end_user', name: null, requests_per_minute: 1 });
    await admin(`${path}/session`, { usd_in_total: '0' });
    const { body: key } = await curl('POST /key/generate', {});
    const chat = async (more: object, headers = {}) => {
      const answer = await curlAs(gateway, key.key)(
        'POST /v1/chat/completions',
        { ...ask, ...more },
        headers,
      );
      return [answer.status, answer.body.error?.message];
    };
    expect(await chat({ user: 'bob' })).toEqual([200, undefined]);
    expect(await chat({ user: 'bob' })).toEqual([
      429,
      expect.stringContaining('of the end user bob of this project'),
    ]);
    expect(await chat({ user: 'eve' })).toEqual([200, undefined]);
    expect((await chat({}, { 'x-sagewai-end-user': 'eve' }))[0]).toBe(429);
    expect(await chat({}, { 'x-sagewai-session-id': 's1' })).toEqual([
      429,
      expect.stringMatching(/of the session s1 of this project\).*it never resets/),
    ]);
    await admin(`${path}/session`, {});
    expect((await chat({}, { 'x-sagewai-session-id': 's1' }))[0]).toBe(200);

    const bound = curlAs(gateway, await makeToken(db, tenant, ['admin'], projectId));
    const away = '0199aaaa-0000-7000-8000-000000000001';
    for (const scope of [
      `project/${away}`,
      `key/${away}`,
      'team/t',
      `organization/${tenant.orgId}`,
    ])
      expect([403, 404]).toContain(
        (await bound(`PUT /api/v1/facet-limits/${scope}/tag`, {})).status,
      );
    expect((await bound('GET /api/v1/facet-limits?scope_kind=key')).body.limits).toMatchObject([
      { scope_kind: 'project', facet: 'end_user' },
    ]);
    expect(await checkLedger(db, [tenant.orgId])).toEqual([]);
  });

  test('teams and users have them as well', async ({ curl }) => {
    const limits = { model_rpm_limit: { simulated: 0 } };
    const team = await curl('POST /team/new', { team_id: 'blue', ...limits });
    expect(team.body).toMatchObject(limits);
    const user = await curl('POST /user/new', {
      user_id: 'ada',
      auto_create_key: false,
      ...limits,
    });
    expect(user.body).toMatchObject(limits);
    const { body: key } = await curl('POST /key/generate', { team_id: 'blue', user_id: 'ada' });
    const refused = await curl('POST /v1/chat/completions', ask, {
      authorization: `Bearer ${key.key}`,
    });
    expect(refused).toMatchObject({
      status: 429,
      body: {
        error: { message: expect.stringMatching(/the model simulated of this (team|person)/) },
      },
    });
  });
});
