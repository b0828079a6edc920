import { afterAll, beforeAll, expect, test } from 'vitest';

import { ask, bearer } from '../harness/api.ts';
import { query } from '../harness/database.ts';
import { cluster } from '../harness/e2e-test.ts';
import { freePort } from '../harness/free-port.ts';
import { chat, install, type Installation, makeKey } from '../harness/installation.ts';
import { openStage, type Stage } from '../harness/stage.ts';
import { waitUntil } from '../harness/wait-until.ts';

const NAMES = ['garbage', 'error', 'dies', 'endless', 'no-usage', 'silent', 'nowhere'] as const;
const price = { inputPrice: 0.000_001, outputPrice: 0.000_002 };

let stage: Stage;
let installation: Installation;
let key: string;
let keyId: string;

beforeAll(async () => {
  stage = await openStage();
  const nowhere = `http://127.0.0.1:${await freePort()}/v1`;
  installation = await install(stage, cluster(), {
    models: NAMES.map((name) => ({
      name,
      ...price,
      ...(name === 'nowhere' ? { url: nowhere } : {}),
    })),
    environment: { UPSTREAM_FIRST_BYTE_TIMEOUT: '700ms' },
  });
  ({ key, id: keyId } = await makeKey(installation.server));
  for (const fault of NAMES) {
    if (fault === 'nowhere') continue;
    await installation.upstream.behave(fault, { fault, chunkMs: 5 });
  }
});
afterAll(() => stage.close());

interface Spend {
  readonly id: string;
  readonly status: string;
  readonly usage_source: string;
  readonly output_tokens: number;
  readonly cost_usd: string;
}

/** The one row of the last call of a model, once it is there. */
async function spendOf(model: string): Promise<Spend> {
  return waitUntil(
    async () => {
      const path = `/api/v1/spend?key_id=${keyId}&model=${model}`;
      const { spend } = await installation.server.askWell(path);
      return (spend as Spend[])[0] ?? null;
    },
    { otherwise: () => `no spend for ${model}:\n${stage.logs()}` },
  );
}

test('garbage of a provider is a 502, whole and streamed, and what it may cost is estimated', async () => {
  for (const stream of [false, true]) {
    const answer = await chat(installation.server.url, key, {
      model: 'garbage',
      stream,
      max_tokens: 5,
    });
    expect(answer.status).toBe(502);
    expect(answer.json.error).toMatchObject({
      message: expect.any(String),
      type: expect.any(String),
    });
  }
  expect(await spendOf('garbage')).toMatchObject({ status: 'error', usage_source: 'estimate' });
});

test("a provider's own refusal passes with its status and its words, and costs nothing", async () => {
  const answer = await chat(installation.server.url, key, { model: 'error', max_tokens: 5 });
  expect(answer.status).toBe(500);
  expect(answer.json.error.message).toBe('the provider is unwell');
  expect(await spendOf('error')).toMatchObject({ status: 'error', cost_usd: '0' });
});

test('a provider that is not there is a 502 and costs nothing', async () => {
  const answer = await chat(installation.server.url, key, { model: 'nowhere', max_tokens: 5 });
  expect(answer.status).toBe(502);
  expect(answer.json.error.message).toEqual(expect.any(String));
  expect(await spendOf('nowhere')).toMatchObject({ status: 'error', cost_usd: '0' });
});

test('a provider that never answers is a 504', async () => {
  const answer = await chat(installation.server.url, key, { model: 'silent', max_tokens: 5 });
  expect(answer.status).toBe(504);
  expect(await spendOf('silent')).toMatchObject({ status: 'error', usage_source: 'estimate' });
});

test('a provider that dies within its stream: the client is told, and it is an estimate (M3)', async () => {
  const answer = await chat(installation.server.url, key, {
    model: 'dies',
    stream: true,
    max_tokens: 50,
  });
  expect(answer.status).toBe(200);
  expect(answer.text).toContain('"error"');
  expect(answer.text).not.toContain('[DONE]');
  const spend = await spendOf('dies');
  expect(spend).toMatchObject({ status: 'error', usage_source: 'estimate' });
  expect(spend.output_tokens).toBeGreaterThan(0);
});

test('a provider that says nothing of usage: an estimate, marked as one (M3)', async () => {
  const answer = await chat(installation.server.url, key, { model: 'no-usage', max_tokens: 50 });
  expect(answer.status).toBe(200);
  expect(await spendOf('no-usage')).toMatchObject({ status: 'ok', usage_source: 'estimate' });
});

test('a client that leaves mid-stream: the provider is let go, and what passed is booked (M3)', async () => {
  const leave = new AbortController();
  const response = await fetch(`${installation.server.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...bearer(key) },
    body: JSON.stringify({
      model: 'endless',
      stream: true,
      max_tokens: 500,
      messages: [{ role: 'user', content: 'Go on.' }],
    }),
    signal: leave.signal,
  });
  const reader = response.body?.getReader();
  let read = '';
  while (!read.includes('word3')) {
    const { value } = (await reader?.read()) ?? {};
    read += new TextDecoder().decode(value);
  }
  leave.abort();
  const spend = await spendOf('endless');
  expect(spend).toMatchObject({ status: 'aborted', usage_source: 'estimate' });
  expect(spend.output_tokens).toBeGreaterThan(3);
  expect(spend.id).toBe(response.headers.get('x-litellm-call-id'));
  await waitUntil(() => installation.upstream.served.some(({ model }) => model === 'endless'), {
    otherwise: 'the provider is still talking',
  });
});

test('after all that, nothing is reserved any more and balances are the sums of their rows', async () => {
  const { database, server } = installation;
  await waitUntil(
    async () =>
      (
        await query<{ n: number }>(database.adminUrl, 'select count(*)::int as n from reservation')
      )[0]?.n === 0,
    { otherwise: 'something is still reserved' },
  );
  expect((await ask(`${server.url}/api/v1/health`)).status).toBe(200);
});
