import { Secret } from '@sagewai/config';
import { expect, onTestFinished } from 'vitest';

import { deploymentAt, startFakeUpstream, startGateway } from '../gateway-fixture.ts';
import { ask, curlAs, litellmTest as test, makeToken, MASTER } from './fixture.sql.ts';
import { keepMasterKey } from './master-key.ts';

test('whoever asks is told where things are and whether they are well, and no more', async ({
  db,
  tenant,
}) => {
  const upstream = await startFakeUpstream();
  upstream.answer = (_request, reply) => void reply.writeHead(500).end('{}');
  const [well, ill] = [
    deploymentAt(upstream.url, { id: 'well', model: 'w' }),
    deploymentAt(upstream.url),
  ];
  const masterKey = keepMasterKey(new Secret(MASTER));
  const gateway = await startGateway(db, {
    deployments: [well, ill],
    simulated: null,
    masterKey,
  });
  onTestFinished(async () => {
    await gateway.close();
    await upstream.close();
  });
  const [stranger, admin] = [
    curlAs(gateway, null),
    curlAs(gateway, await makeToken(db, tenant, ['admin'])),
  ];
  expect((await stranger('GET /health/liveliness')).body).toBe("I'm alive!");
  expect((await stranger('GET /health/liveness')).body).toBe("I'm alive!");
  expect(await stranger('GET /health/readiness')).toMatchObject({
    status: 200,
    body: { status: 'healthy', db: 'connected' },
  });
  expect((await stranger('GET /')).body).toMatchObject({
    service: 'sagewai',
    endpoints: { models: 'GET /v1/models' },
  });
  const before = await stranger('GET /health');
  expect(before.body).toEqual({
    status: 'healthy',
    healthy_endpoints: [],
    unhealthy_endpoints: [],
    healthy_count: 2,
    unhealthy_count: 0,
    sessions: { total_sessions: 0, total_messages: 0 },
  });
  const { key } = (await admin('POST /key/generate', { models: ['m'] })).body;
  const models = await curlAs(gateway, key)('GET /model/info');
  expect(models.body.data).toEqual([
    {
      model_name: 'm',
      litellm_params: { model: 'compatible/m-upstream', custom_llm_provider: 'compatible' },
      model_info: {
        id: 'fake',
        db_model: false,
        litellm_provider: 'compatible',
        mode: 'chat',
        max_tokens: 1_000,
        max_input_tokens: 100_000,
        max_output_tokens: 1_000,
        input_cost_per_token: 0.000000001,
        output_cost_per_token: 0.00000001,
        cache_read_input_token_cost: 0.0000000001,
        cache_creation_input_token_cost: 0.000000001,
      },
    },
  ]);
  // Where models run is for whoever runs the server.
  const all = (await admin('GET /v1/model/info')).body.data;
  expect(all).toHaveLength(2);
  expect(JSON.stringify(all)).not.toContain('api_base');
  const operator = curlAs(gateway, MASTER);
  const told = (await operator('GET /v1/model/info')).body.data;
  expect(told[0].litellm_params.api_base).toBe(upstream.url);
  expect((await admin('GET /model/info?litellm_model_id=well')).body.data).toHaveLength(1);
  expect((await admin('GET /health')).body.healthy_endpoints).toHaveLength(2);
  expect(JSON.stringify((await admin('GET /model/info')).body)).not.toContain('sk-provider');
  for (const target of ['GET /model/info', 'GET /v1/model/info', 'GET /key/info']) {
    expect((await stranger(target)).status).toBe(401);
  }
  const unkeyed = await stranger('GET /v1/models');
  expect(unkeyed.status).toBe(401);
  expect(unkeyed.body.error.message).toContain('/key/generate');
  expect((await gateway.chat(key, { ...ask, model: 'm' })).status).toBeGreaterThanOrEqual(500);
});
