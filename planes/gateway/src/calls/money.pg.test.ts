import { readBudgets } from '@sagewai/ledger';
import { inTenant } from '@sagewai/postgres';
import { describe, expect } from 'vitest';

import { deploymentAt, makeKey } from '../gateway-fixture.ts';
import { ANSWER, answerJson, ask, hotPathTest as test, spendOf } from './fixture.sql.ts';

describe('money', () => {
  test('that pays for 8 of 24 simultaneous calls pays for exactly 8 (M1)', async ({
    upstream,
    tenant,
    start,
    db,
    owner,
  }) => {
    upstream.answer = (_, reply) =>
      answerJson(reply, { ...ANSWER, usage: { prompt_tokens: 7, completion_tokens: 100 } });
    const price = deploymentAt(upstream.url).price;
    if (price === undefined) throw new Error('no price');
    const free = {
      ...price,
      rates: { ...price.rates, input: 0n, cachedInput: 0n, cacheWrite: 0n, inputAudio: 0n },
    };
    const gateway = await start({ deployments: [deploymentAt(upstream.url, { price: free })] });
    const key = await makeKey(db, tenant, { limits: { usdPerDay: 8n * 100n * 10_000n } });
    const answers = await Promise.all(
      Array.from({ length: 24 }, async () => {
        const answer = await gateway.chat(key.value, { ...ask, max_tokens: 100 });
        return { status: answer.status, body: (await answer.json()) as object };
      }),
    );
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(8);
    const refused = answers.find(({ status }) => status === 429);
    expect(refused?.body).toEqual({
      error: {
        message:
          'Budget has been exceeded! Current cost: 0.000008, Max budget: 0.000008 (of this key)',
        type: 'budget_exceeded',
        param: null,
        code: '429',
      },
    });
    expect(upstream.asked).toHaveLength(8);
    expect((await spendOf(owner)).reduce((sum, { cost }) => sum + cost, 0n)).toBe(8_000_000n);
  });

  test('that does not pay for the longest answer sends a cap, or refuses when the key says so (M1, M5)', async ({
    upstream,
    tenant,
    start,
    db,
  }) => {
    upstream.answer = (_, reply) => answerJson(reply);
    const gateway = await start();
    const limits = { tokensPerMinute: 1_500n };
    const capped = await makeKey(db, tenant, { limits });
    const strict = await makeKey(db, tenant, { limits, mayCap: false });
    expect((await gateway.chat(capped.value, ask)).status).toBe(200);
    const { max_tokens: cap } = JSON.parse(upstream.asked[0]?.body.toString() ?? '') as {
      max_tokens: number;
    };
    expect(cap).toBeGreaterThanOrEqual(16);
    expect(cap).toBeLessThan(1_000);
    const refused = await gateway.chat(strict.value, ask);
    expect(refused.status).toBe(429);
    expect(await refused.json()).toMatchObject({ error: { code: 'rate_limit_exceeded' } });
  });

  test('a limit under a name that the provider ignores is repeated under one that it keeps (M1)', async ({
    upstream,
    tenant,
    start,
    db,
  }) => {
    upstream.answer = (_, reply) => answerJson(reply);
    const key = await makeKey(db, tenant);
    await (await (await start()).chat(key.value, { ...ask, max_completion_tokens: 9 })).text();
    expect(JSON.parse(upstream.asked[0]?.body.toString() ?? '')).toMatchObject({
      max_tokens: 9,
      max_completion_tokens: 9,
    });
  });

  test('requests a minute are counted, and what is refused is not (M7)', async ({
    upstream,
    tenant,
    start,
    db,
    owner,
  }) => {
    upstream.answer = (_, reply) => answerJson(reply);
    const gateway = await start();
    const key = await makeKey(db, tenant, { limits: { requestsPerMinute: 2n } });
    const statuses: number[] = [];
    for (let index = 0; index < 4; index++)
      statuses.push((await gateway.chat(key.value, ask)).status);
    expect(statuses).toEqual([200, 200, 429, 429]);
    const again = await gateway.chat(key.value, ask);
    expect(Number(again.headers.get('retry-after'))).toBeGreaterThan(0);
    const { balances } = await inTenant(db, [tenant.orgId], (tx) =>
      readBudgets(tx, { orgId: tenant.orgId, kind: 'key', id: key.id }),
    );
    expect(balances).toMatchObject([{ settled: 2n }]);
    expect(await spendOf(owner)).toHaveLength(2);
  });

  test('that nobody knows the price in is refused, or marked (M4)', async ({
    upstream,
    tenant,
    start,
    db,
    owner,
  }) => {
    upstream.answer = (_, reply) => answerJson(reply);
    const deployments = [deploymentAt(upstream.url, { price: undefined })];
    const key = await makeKey(db, tenant);
    const strict = await start({ deployments });
    const refused = await strict.chat(key.value, ask);
    expect(refused.status).toBe(400);
    const { error } = (await refused.json()) as { error: { message: string } };
    expect(error.message).toContain('input_cost_per_token');
    expect(upstream.asked).toHaveLength(0);
    expect(await strict.metrics()).toContain('sagewai_model_unpriced_total{what="price"} 1');
    const open = await start({ deployments, unknownPrice: 'allow' });
    const allowed = await open.chat(key.value, ask);
    expect(allowed.status).toBe(200);
    expect(allowed.headers.get('x-litellm-response-cost')).toBeNull();
    expect(await spendOf(owner)).toMatchObject([{ cost: 0n, known: false, input: 10n }]);
  });

  test('a feature with a price of its own is refused (M4)', async ({
    upstream,
    tenant,
    start,
    db,
  }) => {
    upstream.answer = (_, reply) => answerJson(reply);
    const gateway = await start();
    const key = await makeKey(db, tenant);
    expect((await gateway.chat(key.value, { ...ask, web_search_options: {} })).status).toBe(400);
    expect((await gateway.chat(key.value, { ...ask, service_tier: 'priority' })).status).toBe(400);
    expect((await gateway.chat(key.value, { ...ask, service_tier: 'auto' })).status).toBe(200);
  });
});
