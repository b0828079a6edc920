import { sql } from '@sagewai/postgres';
import { type HeldTransaction, untilWaiting } from '@sagewai/testing';
import { describe, expect } from 'vitest';

import { makeKey, UPSTREAM_KEY } from '../gateway-fixture.ts';
import {
  ANSWER,
  answerJson,
  ask,
  COST,
  hotPathTest as test,
  lockBudgets,
  reservations,
  settledSpend,
  spendOf,
} from './fixture.sql.ts';

describe('a whole answer', () => {
  test('passes through byte for byte, and is booked to the pico-dollar (M2, M5)', async ({
    upstream,
    tenant,
    start,
    db,
    owner,
  }) => {
    const text = JSON.stringify(ANSWER, null, 3) + '\n';
    upstream.answer = (_, reply) => answerJson(reply, text);
    const gateway = await start();
    const key = await makeKey(db, tenant);
    const sent = `{"model" : "openai/M", "messages":[{"role":"user","content":"h\\u00e9"}], "x_unknown": 1.0, "tools": [{"type":"function"}]}`;
    const answer = await gateway.chat(key.value, sent);
    expect(await answer.text()).toBe(text);
    expect(answer.status).toBe(200);
    expect(answer.headers.get('x-upstream')).toBe('yes');
    expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
    expect(answer.headers.get('cache-control')).toBe('no-store');
    expect(answer.headers.get('set-cookie')).toBeNull();
    expect(answer.headers.get('x-litellm-model-id')).toBe('fake');
    const callId = answer.headers.get('x-litellm-call-id');
    expect(answer.headers.get('x-litellm-response-cost')).toBe('0.0000000564');
    const [asked] = upstream.asked;
    expect(asked?.body.toString()).toBe(sent.replace('"openai/M"', '"m-upstream"'));
    expect(asked?.url).toBe('/v1/chat/completions');
    expect(asked?.headers.authorization).toBe(`Bearer ${UPSTREAM_KEY}`);
    expect(await spendOf(owner)).toEqual([
      {
        cost: COST,
        input: 10n,
        output: 5n,
        source: 'provider',
        status: 'ok',
        known: true,
        deployment: 'fake',
      },
    ]);
    expect(await reservations(owner)).toBe(0);
    const { rows } = await sql<{ id: string }>`select id from spend`.execute(owner);
    expect(rows).toEqual([{ id: callId }]);
  });

  test('is not sent before it is settled (M2)', async ({ upstream, tenant, start, db, owner }) => {
    const gateway = await start();
    const key = await makeKey(db, tenant, { limits: { usdPerDay: 1_000_000_000_000n } });
    const held = Promise.withResolvers<HeldTransaction<unknown>>();
    upstream.answer = (_, reply) => {
      held.resolve(lockBudgets(db, tenant));
      void held.promise.then(() => answerJson(reply));
    };
    let isAnswered = false;
    const answer = gateway.chat(key.value, ask).finally(() => {
      isAnswered = true;
    });
    const budgets = await held.promise;
    await untilWaiting(owner);
    // Whatever had been sent would be here before the answer to a later question.
    await gateway.chat('sk-wrong', ask);
    expect(isAnswered).toBe(false);
    await budgets.commit();
    expect((await answer).status).toBe(200);
    expect(await spendOf(owner)).toHaveLength(1);
  });

  test('without usage is estimated, and says so (M3)', async ({
    upstream,
    tenant,
    start,
    db,
    owner,
  }) => {
    upstream.answer = (_, reply) => answerJson(reply, { ...ANSWER, usage: undefined });
    const key = await makeKey(db, tenant);
    await (await (await start()).chat(key.value, ask)).text();
    const [row] = await spendOf(owner);
    expect(row).toMatchObject({ source: 'estimate', status: 'ok' });
    expect(row?.cost).toBeGreaterThan(0n);
  });

  test('whose client has left is waited for and booked as reported', async ({
    upstream,
    tenant,
    start,
    db,
    owner,
  }) => {
    const gateway = await start();
    const key = await makeKey(db, tenant);
    const leaving = new AbortController();
    upstream.answer = (_, reply) => {
      leaving.abort();
      setTimeout(() => answerJson(reply), 50);
    };
    await expect(gateway.chat(key.value, ask, leaving.signal)).rejects.toThrow(/abort/);
    expect(await settledSpend(owner)).toMatchObject([
      { cost: COST, source: 'provider', status: 'aborted' },
    ]);
  });

  test('that exceeds its reservation is booked in full, and shown', async ({
    upstream,
    tenant,
    start,
    db,
    owner,
  }) => {
    upstream.answer = (_, reply) =>
      answerJson(reply, { ...ANSWER, usage: { prompt_tokens: 1, completion_tokens: 5_000 } });
    const key = await makeKey(db, tenant);
    await (await (await start()).chat(key.value, { ...ask, max_tokens: 5 })).text();
    expect(await spendOf(owner)).toMatchObject([{ cost: 50_001_000n, output: 5_000n }]);
  });
});
