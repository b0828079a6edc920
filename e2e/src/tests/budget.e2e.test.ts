import { formatUsd } from '@sagewai/wire';
import { describe, expect } from 'vitest';

import { cluster, test } from '../harness/e2e-test.ts';
import { chat, install, type Installation, makeKey } from '../harness/installation.ts';
import { picoOf } from '../harness/model-config.ts';

const PRICE = 0.000_001;
const TOKENS = 100;
/** What one call reserves; and, of a provider that uses all it may, what it costs. */
const CALL_PICO = BigInt(TOKENS) * picoOf(PRICE);
const usdFor = (calls: number): string => formatUsd((CALL_PICO * BigInt(calls * 10)) / 10n);
const MODELS = ['exact', 'half', 'double'].map((name) => ({ name, outputPrice: PRICE }));
const CALLS = 200;
const PAID = 50;
const GIVEN_BACK_MS_MAX = 60_000;

async function spentBy({ server }: Installation, keyId: string) {
  const { budgets } = await server.askWell(`/api/v1/budgets?scope_kind=key&scope_id=${keyId}`);
  return budgets[0].balances.find((one: { measure: string }) => one.measure === 'cost') as {
    settled: string;
    reserved: string;
    remaining: string;
  };
}

describe('a budget that pays for exactly 50 calls, and 200 at once (M1)', () => {
  test.for([1, 2])('on %i servers, exactly 50 succeed', async (servers, { stage }) => {
    const installation = await install(stage, cluster(), { models: MODELS, servers });
    const { id, key } = await makeKey(installation.server, { usdPerDay: usdFor(PAID) });
    const answers = await Promise.all(
      Array.from({ length: CALLS }, (_, n) => {
        const { url } = installation.servers[n % servers] ?? installation.server;
        return chat(url, key, { model: 'exact', max_tokens: TOKENS, stream: n % 4 === 3 });
      }),
    );
    const refused = answers.filter(({ status }) => status !== 200);
    expect(answers.length - refused.length).toBe(PAID);
    for (const { status, json } of refused) {
      expect(status).toBe(429);
      expect(json.error).toMatchObject({ type: 'budget_exceeded', code: '429' });
    }
    expect(installation.upstream.served).toHaveLength(PAID);
    expect(await spentBy(installation, id)).toMatchObject({
      settled: usdFor(PAID),
      reserved: '0',
      remaining: '0',
    });
  });
});

describe('what a call reserved and what it cost', () => {
  test('what was reserved beyond the usage can be spent again at once', async ({ stage }) => {
    const installation = await install(stage, cluster(), { models: MODELS });
    const { server, upstream } = installation;
    await upstream.behave('half', { output: 'half' });
    const { id, key } = await makeKey(server, { usdPerDay: usdFor(4), cap: false });
    const statuses: number[] = [];
    // Six calls settle three; the seventh just fits beside them, the eighth does not.
    for (let n = 0; n < 8; n += 1) {
      const { status } = await chat(server.url, key, { model: 'half', max_tokens: TOKENS });
      statuses.push(status);
    }
    expect(statuses).toEqual([200, 200, 200, 200, 200, 200, 200, 429]);
    // A part of what is left may still be in the server's hands, which gives it back when nobody calls.
    await expect
      .poll(() => spentBy(installation, id), { timeout: GIVEN_BACK_MS_MAX })
      .toMatchObject({ settled: usdFor(3.5), reserved: '0' });
  });

  test('what a provider reports beyond it is booked, shown, and paid by the next call', async ({
    stage,
  }) => {
    const installation = await install(stage, cluster(), { models: MODELS });
    const { server, upstream } = installation;
    await upstream.behave('double', { output: 'double' });
    const { id, key } = await makeKey(server, { usdPerDay: usdFor(1.5), cap: false });
    const first = await chat(server.url, key, { model: 'double', max_tokens: TOKENS });
    expect(first.status).toBe(200);
    expect(first.headers.get('x-litellm-response-cost')).toBe(usdFor(2));
    const callId = first.headers.get('x-litellm-call-id');
    const { spend } = await server.askWell(`/api/v1/spend?key_id=${id}`);
    expect(spend).toMatchObject([
      { id: callId, cost_usd: usdFor(2), reserved_usd: usdFor(1), overrun_usd: usdFor(1) },
    ]);
    expect(await spentBy(installation, id)).toMatchObject({ settled: usdFor(2), remaining: '0' });
    const next = await chat(server.url, key, { model: 'exact', max_tokens: 1 });
    expect(next.status).toBe(429);
  });
});
