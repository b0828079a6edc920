import { inTenant } from '@sagewai/postgres';
import { makeTenant } from '@sagewai/testing';
import { expect } from 'vitest';

import { changesOf } from '../fixture.sql.ts';
import { deploymentAt, makeKey } from '../gateway-fixture.ts';
import { curlAs, makeToken } from '../litellm/fixture.sql.ts';
import { answerJson, sharedWorldTest } from '../world-fixture.ts';
import { listHarnessPolicies } from './harness-policies.sql.ts';

const test = sharedWorldTest((url) => ({
  deployments: ['small', 'medium', 'large'].map((model) =>
    deploymentAt(url, { id: model, model, upstreamModel: model }),
  ),
}));

const SAID = {
  id: 'c',
  object: 'chat.completion',
  created: 1,
  model: 'x',
  choices: [{ index: 0, message: { role: 'assistant', content: 'ok' }, finish_reason: 'stop' }],
  usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 },
};
const HARD =
  'Design, architect and plan a migration, then review, refactor, analyze and implement it. Audit its security.';

test('policies say which models requests for auto get, whose they are and who may change it', async ({
  gateway,
  upstream,
  db,
  owner,
  tenant,
}) => {
  upstream.answer = (_, reply) => answerJson(reply, SAID);
  const admin = curlAs(gateway, await makeToken(db, tenant, ['admin']));
  const key = await makeKey(db, tenant);
  const say = async (headers: object = {}) => {
    const messages = [{ role: 'user', content: HARD }];
    const answer = await curlAs(gateway, key.value)(
      'POST /v1/chat/completions',
      { model: 'auto', messages, tools: Array.from({ length: 12 }, () => TOOL) },
      headers,
    );
    const policy = answer.headers.get('x-harness-policy');
    return [answer.status, answer.headers.get('x-harness-model-used'), policy];
  };
  // Without tiers and policies there is no auto.
  expect((await say())[0]).toBe(404);
  const tiers = {
    simple: { model: 'small' },
    medium: { model: 'medium' },
    complex: { model: 'large' },
  };
  await admin(`PUT /api/v1/projects/${tenant.projectId}/model-tiers`, tiers);
  expect(await say()).toEqual([200, 'large', 'model-tiers']);

  const made = await admin('POST /api/v1/harness/policies', {
    name: 'thrifty',
    max_tier: 'medium',
    allow_force_model: false,
  });
  expect(made).toMatchObject({
    status: 201,
    body: { specificity: 1, max_tier: 'medium', project_id: null, allow_force_model: false },
  });
  expect(await say()).toEqual([200, 'medium', 'thrifty']);
  // What a request asks for is not heard, and it is told so.
  expect(await say({ 'x-harness-force-model': 'large' })).toEqual([200, 'medium', 'thrifty']);
  const own = await admin('POST /api/v1/harness/policies', {
    name: 'ours',
    project: tenant.projectId,
    force_model: 'small',
  });
  expect(await say()).toEqual([200, 'small', 'ours']);
  expect(await say({ 'x-harness-force-model': 'large' })).toEqual([200, 'large', 'ours']);
  await admin(`PATCH /api/v1/harness/policies/${own.body.id}`, { blocked_models: ['large'] });
  expect(await say({ 'x-harness-force-model': 'large' })).toEqual([200, 'small', 'ours']);
  const tried = await curlAs(gateway, await makeToken(db, tenant, ['read']))(
    'POST /api/v1/harness/test-classify',
    { messages: [{ role: 'user', content: HARD }] },
    { 'x-project-id': tenant.projectId },
  );
  expect(tried.body).toMatchObject({ model: 'small', policy: 'ours' });
  await admin(`PATCH /api/v1/harness/policies/${own.body.id}`, { enabled: false });
  expect(await say()).toEqual([200, 'medium', 'thrifty']);
  await admin(`DELETE /api/v1/harness/policies/${made.body.id}`);
  expect(await say()).toEqual([200, 'large', 'model-tiers']);
  expect(await changesOf(owner, tenant.orgId)).toEqual(
    expect.arrayContaining([
      'gateway.createHarnessPolicy',
      'gateway.updateHarnessPolicy',
      'gateway.deleteHarnessPolicy',
    ]),
  );

  // Of its organization alone, and for administrators to write.
  const path = `/api/v1/harness/policies/${own.body.id}`;
  expect((await admin(`GET ${path}`)).body).toMatchObject({ name: 'ours', enabled: false });
  const stranger = await makeTenant(db);
  const other = curlAs(gateway, await makeToken(db, stranger, ['admin']));
  expect((await other(`GET ${path}`)).status).toBe(404);
  expect((await other(`PATCH ${path}`, { enabled: true })).status).toBe(404);
  expect((await other(`DELETE ${path}`)).status).toBe(404);
  expect((await other('GET /api/v1/harness/policies')).body).toEqual({ policies: [] });
  expect(
    await inTenant(db, [stranger.orgId], (tx) => listHarnessPolicies(tx, tenant.orgId)),
  ).toEqual([]);
  const writer = curlAs(gateway, await makeToken(db, tenant, ['write']));
  expect((await writer('POST /api/v1/harness/policies', { name: 'x' })).status).toBe(403);
  for (const [body, status] of [
    [{ name: 'OURS' }, 409],
    [{ name: 'x', team_id: 'nobody' }, 404],
    [{ name: 'x', user_id: 'nobody' }, 404],
    [{ name: 'x', project: 'nothing' }, 404],
    [{ name: 'x', max_tier: 'huge' }, 400],
    [{ name: 'x', force_model: 'auto' }, 400],
  ] as const) {
    expect([body, (await admin('POST /api/v1/harness/policies', body)).status]).toEqual([
      body,
      status,
    ]);
  }
});

const TOOL = { type: 'function', function: { name: 'f', parameters: {} } };
