import { Secret } from '@sagewai/config';
import { inTransaction, sql } from '@sagewai/postgres';
import { expect, onTestFinished } from 'vitest';

import { deploymentAt, startFakeUpstream, startGateway } from '../gateway-fixture.ts';
import { ask, curlAs, litellmTest as test, makeToken, MASTER } from '../litellm/fixture.sql.ts';
import { keepMasterKey } from '../litellm/master-key.ts';
import { deleteSealed, findSealed, listSealed, readVersion } from './stored-models.sql.ts';

test('a deployment that is added is called by every replica with its own credential, until it is taken away', async ({
  db,
  owner,
  tenant,
}) => {
  const upstream = await startFakeUpstream();
  const usage = { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 };
  upstream.answer = (_request, reply) => {
    reply.writeHead(200, { 'content-type': 'application/json' });
    reply.end(JSON.stringify({ id: 'x', object: 'chat.completion', choices: [], usage }));
  };
  const config = {
    // The operator has named this address; the deployment beside it is added.
    deployments: [deploymentAt(upstream.url)],
    masterKey: keepMasterKey(new Secret(MASTER)),
  };
  const [one, other] = [await startGateway(db, config), await startGateway(db, config)];
  onTestFinished(async () => {
    await Promise.all([one.close(), other.close()]);
    await upstream.close();
  });
  const curl = curlAs(one, MASTER);
  const { key } = (await curl('POST /key/generate', {})).body;
  const call = { ...ask, model: 'added' };
  expect((await one.chat(key, call)).status).toBe(404);
  const params = { model: 'openai/gpt-x', api_base: upstream.url, api_key: 'sk-stored-secret' };
  const info = { id: 'd1', input_cost_per_token: 0.0000025, output_cost_per_token: 0.00001 };
  const spec = { model_name: 'added', litellm_params: params, model_info: info };
  const made = await curl('POST /model/new', spec);
  expect(made).toMatchObject({
    status: 200,
    body: { model_id: 'd1', model_name: 'added', model_info: { db_model: true } },
  });
  expect(JSON.stringify(made.body)).not.toContain('secret');
  await expect.poll(async () => (await one.chat(key, call)).status).toBe(200);
  const [asked] = upstream.asked;
  expect(asked?.headers['authorization']).toBe('Bearer sk-stored-secret');
  expect(JSON.parse(String(asked?.body))).toMatchObject({ model: 'gpt-x' });
  expect((await other.chat(key, call)).status).toBe(404);
  await other.runJob('gateway.refreshStoredModels');
  expect((await other.chat(key, call)).status).toBe(200);
  expect((await curl('GET /model/info?litellm_model_id=d1')).body.data).toMatchObject([
    { model_name: 'added', model_info: { db_model: true, input_cost_per_token: 0.0000025 } },
  ]);
  const { rows } = await sql<{ text: string }>`
    select string_agg(k, '') as text from (
      select s::text as k from stored_model s union all select e::text from audit_entry e) all_rows
  `.execute(owner);
  expect(rows[0]?.text).not.toContain('stored-secret');

  // M6. Its credential does not follow it to another address.
  const moved = { litellm_params: { api_base: `${upstream.url}/other` }, model_info: { id: 'd1' } };
  const refused = await curl('POST /model/update', moved);
  expect(refused).toMatchObject({
    status: 400,
    body: { error: { param: 'litellm_params.api_key' } },
  });
  // Nor to another place that gives tokens for it.
  const entra = { tenant_id: 't', client_id: 'c', client_secret: 'entra-secret' };
  const azure = { model: 'azure/gpt-4o', api_base: 'https://a.openai.azure.com', ...entra };
  await curl('POST /model/new', {
    model_name: 'azure',
    litellm_params: azure,
    model_info: { id: 'd2' },
  });
  const away = { azure_authority_host: 'https://tokens.example.com' };
  const lured = { litellm_params: away, model_info: { id: 'd2' } };
  expect(await curl('POST /model/update', lured)).toMatchObject({
    status: 400,
    body: { error: { param: 'litellm_params.client_secret' } },
  });
  await curl('POST /model/delete', { id: 'd2' });
  const renamed = { model_name: 'renamed', model_info: { id: 'd1' } };
  expect((await curl('POST /model/update', renamed)).body.model_name).toBe('renamed');
  await expect
    .poll(async () => (await one.chat(key, { ...ask, model: 'renamed' })).status)
    .toBe(200);
  expect((await curl('POST /model/delete', { id: 'd1' })).status).toBe(200);
  await expect
    .poll(async () => (await one.chat(key, { ...ask, model: 'renamed' })).status)
    .toBe(404);
  await other.runJob('gateway.refreshStoredModels');
  expect((await other.chat(key, call)).status).toBe(404);
  expect((await curl('POST /model/delete', { id: 'd1' })).status).toBe(404);
  expect((await curl('POST /model/delete', { id: 'fake' })).status).toBe(404);

  const version = await readVersion(db);
  for (const [changes, message] of [
    [{ litellm_params: { ...params, api_base: 'http://169.254.169.254/v1' } }, 'may not be called'],
    [{ litellm_params: { ...params, api_base: 'http://10.0.0.1/v1' } }, 'not a public'],
    [{ litellm_params: { ...params, api_base: 'http://[::1]:9/v1' } }, 'not a public'],
    [{ litellm_params: { ...params, api_base: 'http://2130706433/v1' } }, 'not a public'],
    [{ litellm_params: { ...params, api_base: 'file:///etc/passwd' } }, 'URL'],
    [{ litellm_params: { ...params, api_key: 'os.environ/JWT_SECRET' } }, 'the value itself'],
    [{ litellm_params: { ...params, guardrail: 'x' } }, 'guardrail'],
    [{ model_name: 'all/*' }, 'wildcards'],
    [{ model_info: { id: 'fake' } }, 'already'],
  ] as const) {
    const answer = await curl('POST /model/new', { ...spec, ...changes });
    expect([changes, answer.status]).toEqual([changes, message === 'already' ? 409 : 400]);
    expect(answer.body.error.message).toContain(message);
  }
  const ofOrganization = curlAs(one, await makeToken(db, tenant, ['admin']));
  for (const caller of [ofOrganization, curlAs(one, key)]) {
    expect((await caller('POST /model/new', spec)).status).toBe(403);
    expect((await caller('POST /model/delete', { id: 'd1' })).status).toBe(403);
  }
  expect(await listSealed(db)).toEqual([]);
  expect(await readVersion(db)).toBe(version);
  await inTransaction(db, async (tx) => {
    expect(await findSealed(tx, 'd1')).toBeNull();
    expect(await deleteSealed(tx, 'd1')).toBe(false);
  });
});

test('a stored deployment at an address that the operator names no more is left out alone, and can be moved', async ({
  db,
}) => {
  const masterKey = keepMasterKey(new Secret(MASTER));
  const near = 'http://127.0.0.1:9/v1';
  const former = await startGateway(db, { deployments: [deploymentAt(near)], masterKey });
  onTestFinished(() => former.close());
  for (const [id, api_base] of [
    ['near', near],
    ['far', 'https://models.example.com/v1'],
  ]) {
    const litellm_params = { model: 'openai/gpt-4o', api_key: 'sk-x', api_base };
    const spec = { model_name: id, litellm_params, model_info: { id } };
    expect((await curlAs(former, MASTER)('POST /model/new', spec)).status).toBe(200);
  }
  const gateway = await startGateway(db, {
    deployments: [deploymentAt('http://127.0.0.1:10/v1')],
    masterKey,
  });
  onTestFinished(() => gateway.close());
  const curl = curlAs(gateway, MASTER);
  const idsOf = async (id: string): Promise<number> =>
    (await curl(`GET /model/info?litellm_model_id=${id}`)).body.data?.length ?? 0;
  await gateway.runJob('gateway.refreshStoredModels');
  expect([await idsOf('near'), await idsOf('far')]).toEqual([0, 1]);
  const moved = {
    litellm_params: { api_base: 'https://models.example.com/v1', api_key: 'sk-y' },
    model_info: { id: 'near' },
  };
  expect((await curl('POST /model/update', moved)).status).toBe(200);
  await gateway.runJob('gateway.refreshStoredModels');
  expect([await idsOf('near'), await idsOf('far')]).toEqual([1, 1]);
});
