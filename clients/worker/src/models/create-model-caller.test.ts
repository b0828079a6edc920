import { createClient } from '@sagewai/sdk';
import { createNodeSend } from '@sagewai/sdk/node';
import { completion } from '@sagewai/testing/scripted-fleet';
import { type Answer, scriptedServer, type ScriptedServer } from '@sagewai/testing/scripted-server';
import { describe, expect, test } from 'vitest';

import { createRedactor } from '../credentials/redact.ts';
import { withCredentials } from '../credentials/run-scope.ts';
import { createModelCaller } from './create-model-caller.ts';
import type { ModelCaller, ModelRequest } from './model-call.ts';

const RUN = '0199aaaa-0000-7000-8000-000000000001';
const RESERVATION = '0199eeee-0000-7000-8000-000000000001';
const CALL = 'gateway.createChatCompletion';
const lease = {
  runId: RUN,
  epoch: 7,
  model: 'm',
  payload: {},
  orgId: 'org',
  projectId: 'project',
  contentKey: null,
  runToken: 'rt-1.x',
  resume: null,
};
const ask = (model: string, parameters: ModelRequest['parameters'] = {}): ModelRequest => ({
  model,
  messages: [{ role: 'user', content: 'hello' }],
  parameters,
});
const OK = { json: completion('hi') };

interface Place {
  readonly server: ScriptedServer;
  readonly provider: ScriptedServer;
  readonly call: ModelCaller;
  readonly stop: AbortController;
}

/** A server with a ledger, a provider, and a worker with credentials for OpenAI at that provider. */
async function place(isSealed = false): Promise<Place> {
  const [server, provider] = [await scriptedServer(), await scriptedServer()];
  const stop = new AbortController();
  const call = createModelCaller({
    client: createClient({ url: server.url, token: 'wrt-1.x' }),
    send: createNodeSend(),
    sendToProvider: createNodeSend(),
    lease,
    credentials: {
      openai: { apiKey: 'sk-own', baseUrl: `${provider.url}/v1` },
      anthropic: null,
      ollama: { baseUrl: `${provider.url}/v1` },
    },
    signal: stop.signal,
    redact: createRedactor(['sk-run-0123456789']),
    isSealed,
  });
  server.on('fleet.reserveForRun', () => ({
    status: 201,
    json: { reservation_id: RESERVATION, expires_at: null },
  }));
  server.on('fleet.settleForRun', () => ({ json: { cost_usd: '0.01' } }));
  return { server, provider, call, stop };
}

describe('through the gateway', () => {
  test('nothing is asked for a run that is sealed; by an own credential it is', async () => {
    const { server, provider, call } = await place(true);
    const seen: string[] = [];
    server.on(CALL, () => {
      seen.push('gateway');
      return OK;
    });
    provider.on(CALL, () => OK);
    await expect(call(ask('other'))).rejects.toThrow(/needs a credential of its own/);
    expect(seen).toEqual([]);
    expect(await call(ask('gpt-4o'))).toMatchObject({ content: 'hi' });
  });

  test('carries the token of the run and the parameters of the agent', async () => {
    const { server, call } = await place();
    server.on(CALL, () => OK);
    const answer = await call(ask('other', { temperature: 0, stream: true }));
    expect(answer).toEqual({
      content: 'hi',
      model: 'm-2026',
      finishReason: 'stop',
      inputTokens: 3,
      outputTokens: 5,
    });
    const [asked] = server.asked(CALL);
    expect(asked?.headers.authorization).toBe('Bearer rt-1.x');
    expect(asked?.body).toEqual({
      model: 'other',
      messages: [{ role: 'user', content: 'hello' }],
      temperature: 0,
      stream: false,
    });
    expect(server.asked('fleet.reserveForRun')).toHaveLength(0);
  });

  test.each<[string, Answer]>([
    ['a server that restarts', 'hang up'],
    ['an overloaded provider', { status: 503, json: { error: { message: 'overloaded' } } }],
    ['a rate that refills', { status: 429, headers: { 'retry-after': '0' }, json: {} }],
    ['an answer that is none', { text: 'ok?' }],
  ])('is tried again after %s', async (_, failure) => {
    const { server, call } = await place();
    server.on(CALL, (__, nth) => (nth === 1 ? failure : OK));
    expect((await call(ask('m'))).content).toBe('hi');
  });

  const ofType = (type: string): object => ({ error: { message: 'no money', type } });
  test.each<[string, Answer, boolean]>([
    ['a budget that is used up', { status: 429, json: ofType('budget_exceeded') }, false],
    ['a quota that is used up', { status: 429, json: ofType('insufficient_quota') }, false],
    ['a wait of an hour', { status: 429, headers: { 'retry-after': '3600' }, json: {} }, false],
    ['a request that is wrong', { status: 400, json: ofType('invalid_request_error') }, false],
    ['a redirect', { status: 307, headers: { location: 'http://127.0.0.1:9/' }, text: '' }, false],
  ])('is not tried again after %s', async (_, failure, retry) => {
    const { server, call } = await place();
    server.on(CALL, () => failure);
    await expect(call(ask('m'))).rejects.toMatchObject({ name: 'ModelCallFailed', retry });
    expect(server.asked(CALL)).toHaveLength(1);
  });

  test('says who refused and why, without the credential', async () => {
    const { server, call } = await place();
    server.on(CALL, () => ({ status: 403, json: { error: { message: 'not this model' } } }));
    const { host } = new URL(server.url);
    await expect(call(ask('m'))).rejects.toThrow(
      `${host} refused the call with 403: not this model`,
    );
  });

  test('ends with the run', async () => {
    const { server, call, stop } = await place();
    server.on(CALL, () => 'silence');
    const answer = call(ask('m'));
    await server.reached(CALL);
    stop.abort(new Error('the run was cancelled'));
    await expect(answer).rejects.toThrow('the run was cancelled');
  });
});

describe('with an own credential', () => {
  test('asks for its reservation again under the same key when no answer came', async () => {
    const { server, provider, call } = await place();
    server.on('fleet.reserveForRun', (_, nth) =>
      nth === 1
        ? 'hang up'
        : { status: 201, json: { reservation_id: RESERVATION, expires_at: null } },
    );
    provider.on(CALL, () => OK);
    await call(ask('openai/gpt-4o'));
    const keys = server
      .asked('fleet.reserveForRun')
      .map(({ headers }) => headers['idempotency-key']);
    expect(keys).toHaveLength(2);
    expect(keys[0]).toMatch(/^[\da-f-]{36}$/);
    expect(keys[1]).toBe(keys[0]);
  });

  test('reserves before, calls the provider with its own key, and settles after', async () => {
    const { server, provider, call } = await place();
    provider.on(CALL, () => {
      expect(server.asked('fleet.reserveForRun')).toHaveLength(1);
      expect(server.asked('fleet.settleForRun')).toHaveLength(0);
      return OK;
    });
    await call(ask('openai/gpt-4o', { max_tokens: 100, n: 2 }));
    const [reserved] = server.asked('fleet.reserveForRun');
    expect(reserved).toMatchObject({
      params: { run_id: RUN },
      headers: { authorization: 'Bearer wrt-1.x' },
      body: { epoch: 7, model: 'openai/gpt-4o', output_tokens_max: 200 },
    });
    const [asked] = provider.asked(CALL);
    expect(asked?.headers.authorization).toBe('Bearer sk-own');
    expect(asked?.body).toMatchObject({ model: 'gpt-4o', max_tokens: 100 });
    const [settled] = server.asked('fleet.settleForRun');
    expect(settled?.params).toEqual({ run_id: RUN, reservation_id: RESERVATION });
    expect(settled?.body).toMatchObject({ epoch: 7, input_tokens: 3, output_tokens: 5 });
  });

  test('reserves at least a token for every byte that is sent', async () => {
    const { server, provider, call } = await place();
    provider.on(CALL, () => OK);
    const tools = [{ type: 'function', function: { name: 'x'.repeat(2_000) } }];
    await call(ask('gpt-4o', { tools }));
    const reserved = (await server.reached('fleet.reserveForRun')).body;
    const { messages } = (await provider.reached(CALL)).body as { messages: unknown };
    const { input_tokens_max: max } = reserved as { input_tokens_max: number };
    expect(max).toBeGreaterThanOrEqual(JSON.stringify([messages, tools]).length);
  });

  test.each([
    ['gpt-4o', 'max_completion_tokens'],
    ['ollama/llama3', 'max_tokens'],
  ])('%s without a limit is sent with what was reserved, as %s', async (model, name) => {
    const { server, provider, call } = await place();
    provider.on(CALL, () => OK);
    await call(ask(model));
    expect(server.asked('fleet.reserveForRun')[0]?.body).toMatchObject({
      output_tokens_max: 4_096,
    });
    expect(provider.asked(CALL)[0]?.body).toMatchObject({ [name]: 4_096 });
  });

  test('without money the provider is not called', async () => {
    const { server, provider, call } = await place();
    const json = { code: 'budget.exceeded', detail: 'The budget is used up' };
    server.on('fleet.reserveForRun', () => ({ status: 429, json }));
    await expect(call(ask('gpt-4o'))).rejects.toThrow('The budget is used up');
    expect(server.asked('fleet.reserveForRun')).toHaveLength(1);
    expect(provider.asked(CALL)).toHaveLength(0);
  });

  test('a refusal of the provider is settled as 0', async () => {
    const { server, provider, call } = await place();
    provider.on(CALL, () => ({ status: 401, json: { error: { message: 'bad key' } } }));
    await expect(call(ask('gpt-4o'))).rejects.toThrow(/refused the call with 401: bad key/);
    const nothing = { epoch: 7, input_tokens: 0, output_tokens: 0, failed: true };
    expect(server.asked('fleet.settleForRun').map(({ body }) => body)).toEqual([nothing]);
  });

  test('a call that broke off is not settled: it may have been charged', async () => {
    const { server, provider, call } = await place();
    provider.on(CALL, (_, nth) => (nth === 1 ? 'hang up' : OK));
    await call(ask('gpt-4o'));
    expect(server.asked('fleet.reserveForRun')).toHaveLength(2);
    expect(server.asked('fleet.settleForRun')).toHaveLength(1);
  });

  test('an answer counts although its settlement could not be told, and is not paid for twice', async () => {
    const { server, provider, call } = await place();
    server.on('fleet.settleForRun', () => 'hang up');
    provider.on(CALL, () => OK);
    expect((await call(ask('gpt-4o'))).content).toBe('hi');
    expect(server.asked('fleet.settleForRun')).toHaveLength(3);
    expect(provider.asked(CALL)).toHaveLength(1);
  });

  test('a lease that was lost meanwhile ends the run', async () => {
    const { server, provider, call } = await place();
    provider.on(CALL, () => OK);
    server.on('fleet.settleForRun', () => ({
      status: 409,
      json: { code: 'lease.lost', detail: 'lost' },
    }));
    await expect(call(ask('gpt-4o'))).rejects.toMatchObject({ code: 'lease.lost' });
    expect(provider.asked(CALL)).toHaveLength(1);
  });
});

describe('with the credentials of a file', () => {
  test('what is reserved and priced is the model that is really called', async () => {
    const { server, provider, call } = await place();
    provider.on(CALL, () => OK);
    const own = {
      model_overrides: { default: 'llama3.1:70b' },
      inference_overrides: {
        api_base: `${provider.url}/v1`,
        api_key: 'sk-run-0123456789',
        custom_llm_provider: 'ollama',
      },
    };
    await withCredentials(own, () => call(ask('gpt-4o')));
    await withCredentials(own, () => call({ ...ask('gpt-4o-mini'), isExplicit: true }));
    const reserved = server.asked('fleet.reserveForRun').map(({ body }) => body);
    expect(reserved).toMatchObject([
      { model: 'ollama/llama3.1:70b' },
      { model: 'ollama/gpt-4o-mini' },
    ]);
    const asked = provider.asked(CALL);
    expect(asked.map(({ body }) => body)).toMatchObject([
      { model: 'llama3.1:70b' },
      { model: 'gpt-4o-mini' },
    ]);
    expect(asked[0]?.headers.authorization).toBe('Bearer sk-run-0123456789');
    expect(JSON.stringify(reserved)).not.toContain('sk-run');
  });

  test('a key that the provider repeats is not in the reason, also where it is cut off', async () => {
    const { provider, call } = await place();
    // The first 500 letters end within the key.
    const message = `${'x'.repeat(490)} sk-run-0123456789 is wrong`;
    provider.on(CALL, () => ({ status: 401, json: { error: { message } } }));
    const own = {
      inference_overrides: { api_base: `${provider.url}/v1`, api_key: 'sk-run-0123456789' },
    };
    const thrown: unknown = await withCredentials(own, () => call(ask('m'))).catch(
      (e: unknown) => e,
    );
    expect(String(thrown)).toMatch(/refused the call with 401/);
    expect(String(thrown)).not.toMatch(/sk-r/);
  });

  test('a call that takes longer than it may is given up, and says so', async () => {
    const { provider, server, call } = await place();
    provider.on(CALL, (_, nth) => (nth === 1 ? 'silence' : OK));
    const own = { inference_overrides: { api_base: `${provider.url}/v1`, timeout: 0.2 } };
    expect((await withCredentials(own, () => call(ask('m')))).content).toBe('hi');
    expect(provider.asked(CALL)).toHaveLength(2);
    // It may have been charged.
    expect(server.asked('fleet.settleForRun')).toHaveLength(1);
  });

  test('through the gateway an override asks for the other model with the same token', async () => {
    const { server, call } = await place();
    const refusal = { error: { message: 'this run may not call other', type: 'model_forbidden' } };
    server.on(CALL, () => ({ status: 403, json: refusal }));
    const own = { model_overrides: { default: 'other' } };
    await expect(withCredentials(own, () => call(ask('m')))).rejects.toThrow(/may not call other/);
    expect(server.asked(CALL)[0]?.headers.authorization).toBe('Bearer rt-1.x');
    expect(server.asked('fleet.reserveForRun')).toHaveLength(0);
  });
});
