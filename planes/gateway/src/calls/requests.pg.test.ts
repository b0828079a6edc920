import { silentLog } from '@sagewai/log';
import { describe, expect } from 'vitest';

import { deploymentAt, makeKey } from '../gateway-fixture.ts';
import { answerJson, ask, hotPathTest as test, spendOf } from './fixture.sql.ts';

describe('a request', () => {
  test('for a model that is not there is a 404 in the words of OpenAI', async ({
    tenant,
    start,
    db,
    owner,
  }) => {
    const key = await makeKey(db, tenant);
    const answer = await (await start()).chat(key.value, { ...ask, model: 'nope' });
    expect(answer.status).toBe(404);
    expect(await answer.json()).toMatchObject({
      error: { type: 'invalid_request_error', code: 'model_not_found', param: 'model' },
    });
    expect(await spendOf(owner)).toEqual([]);
  });

  test('for a model whose provider could not be asked says so', async ({ tenant, start, db }) => {
    const { endpoint } = deploymentAt('http://127.0.0.1:1/v1');
    const gateway = await start({ sources: [{ name: 'gpu', endpoint, models: [] }] });
    const key = await makeKey(db, tenant);
    const answer = await gateway.chat(key.value, { ...ask, model: 'nope' });
    const { error } = (await answer.json()) as { error: { message: string } };
    expect(error.message).toContain('could not be asked for their models: gpu');
  });

  test('for a model that is spelt wrong names the nearest ones that the key may call', async ({
    tenant,
    start,
    db,
  }) => {
    const deployments = ['gpt-4o', 'gpt-4o-mini'].map((model) =>
      deploymentAt('http://127.0.0.1:1/v1', { id: model, model }),
    );
    const gateway = await start({ deployments });
    const messageTo = async (models: string[]): Promise<string> => {
      const key = await makeKey(db, tenant, { models });
      const answer = await gateway.chat(key.value, { ...ask, model: 'gpt-4' });
      expect(answer.status).toBe(404);
      return ((await answer.json()) as { error: { message: string } }).error.message;
    };
    expect(await messageTo([])).toContain('Did you mean gpt-4o, gpt-4o-mini?');
    expect(await messageTo(['gpt-4o-mini'])).toContain('Did you mean gpt-4o-mini?');
    expect(await messageTo(['other'])).not.toContain('gpt-4o');
  });

  test('for a provider that is away names its address, and what to try', async ({
    tenant,
    start,
    db,
  }) => {
    const gateway = await start({ deployments: [deploymentAt('http://127.0.0.1:1/v1?k=secret')] });
    const answer = await gateway.chat((await makeKey(db, tenant)).value, ask);
    const { error } = (await answer.json()) as { error: { message: string } };
    expect(error.message).toMatch(
      /at http:\/\/127\.0\.0\.1:1\/v1\. .*: curl http:\/\/127\.0\.0\.1:1\/v1\/models$/,
    );
  });

  test('for a provider that is away names its address to nobody but the log, where that is said', async ({
    tenant,
    start,
    db,
  }) => {
    const lines: object[] = [];
    const warn = (_: string, fields: object = {}): void => void lines.push(fields);
    const gateway = await start({
      deployments: [deploymentAt('http://127.0.0.1:1/v1?k=secret')],
      providerAddresses: 'nobody',
      log: { ...silentLog, warn },
    });
    const answer = await gateway.chat((await makeKey(db, tenant)).value, ask);
    expect(await answer.text()).not.toContain('127.0.0.1');
    const id = answer.headers.get('x-request-id');
    expect(lines).toContainEqual(
      expect.objectContaining({
        request_id: id,
        error: expect.objectContaining({
          message: expect.stringContaining('http://127.0.0.1:1/v1)'),
        }),
      }),
    );
  });

  test('for a model that the key may not call is a 403', async ({ tenant, start, db }) => {
    const key = await makeKey(db, tenant, { models: ['openai/other'] });
    expect((await (await start()).chat(key.value, ask)).status).toBe(403);
  });

  test.for([
    ['{', 400],
    ['[]', 400],
    ['{"model":"m"}', 400],
    ['{"model":"m","messages":[],"max_tokens":-1}', 400],
    ['{"model":"m","messages":[],"max_tokens":1.5}', 400],
    ['{"model":"m","messages":[],"stream":"yes"}', 400],
    ['{"model":"dear","messages":[],"model":"m"}', 400],
    ['{"model":"m","messages":[],"Max_Tokens":100000}', 400],
    [
      '{"model":"m","messages":[],"stream":true,"stream_options":{"include_usage":true,"include_usage":false}}',
      400,
    ],
    [`{"model":"m","messages":[],"x":"${'x'.repeat(9 * 1024 * 1024)}"}`, 413],
  ] as const)(
    '%# is answered in the shape of the surface',
    async ([body, status], { upstream, tenant, start, db }) => {
      upstream.answer = (_, reply) => answerJson(reply);
      const key = await makeKey(db, tenant);
      const answer = await (await start()).chat(key.value, body);
      expect(answer.status).toBe(status);
      const { error } = (await answer.json()) as { error: object };
      expect(Object.keys(error).sort()).toEqual(['code', 'message', 'param', 'type']);
    },
  );

  test('can only see and call what its key may', async ({ tenant, start, db }) => {
    const gateway = await start();
    const key = await makeKey(db, tenant, { models: ['Simulated'] });
    const list = await fetch(`${gateway.url}/v1/models`, {
      headers: { authorization: `Bearer ${key.value}` },
    });
    expect(await list.json()).toEqual({
      object: 'list',
      data: [{ id: 'simulated', object: 'model', created: 0, owned_by: 'simulated' }],
    });
  });
});
