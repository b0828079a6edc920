import { describe, expect } from 'vitest';

import { decisionsOf, openReservations, spendOf } from '../fixture.sql.ts';
import { deploymentAt, makeKey } from '../gateway-fixture.ts';
import {
  answer,
  ask,
  askStream,
  CHUNK,
  COST,
  pair,
  routingTest as test,
} from './routing-fixture.ts';
import { PLAIN_TRAFFIC } from './routing.ts';

/** Connections that would wait for longer than any test. */
const PATIENT = { connectMs: 1_000, firstByteMs: 60_000, idleMs: 60_000, clientStallMs: 1_000 };

describe('what may be tried again', () => {
  test('a failure that costs nothing is, at another deployment and at once', async ({
    first,
    second,
    tenant,
    start,
    db,
    owner,
  }) => {
    first.answer = (_, reply) => answer(reply, 503);
    const gateway = await start();
    const key = await makeKey(db, tenant);
    const reply = await gateway.chat(key.value, ask);
    expect(reply.status).toBe(200);
    expect(reply.headers.get('x-litellm-model-id')).toBe('second');
    expect(reply.headers.get('x-litellm-attempted-retries')).toBe('1');
    expect([first.asked.length, second.asked.length]).toEqual([1, 1]);
    expect(await spendOf(owner)).toMatchObject([{ cost: COST, deployment: 'second' }]);
  });

  test('the only deployment is asked again after a wait, as often as allowed', async ({
    first,
    tenant,
    start,
    db,
    owner,
  }) => {
    first.answer = (_, reply) => answer(reply, first.asked.length < 3 ? 500 : 200);
    const gateway = await start({}, { deployments: [deploymentAt(first.url)] });
    const key = await makeKey(db, tenant);
    expect((await gateway.chat(key.value, ask)).status).toBe(200);
    expect(first.asked).toHaveLength(3);
    first.answer = (_, reply) => answer(reply, 500);
    const refused = await gateway.chat(key.value, ask);
    expect(refused.status).toBe(500);
    expect(await refused.json()).toMatchObject({ error: { message: 'says 500' } });
    expect(refused.headers.get('x-litellm-attempted-retries')).toBe('3');
    expect(first.asked).toHaveLength(3 + 4);
    expect(await spendOf(owner)).toMatchObject([{ cost: COST }, { cost: 0n, status: 'error' }]);
  });

  test('a call that was lost after it was sent goes elsewhere, and both are booked (R1, R3, R4, M3)', async ({
    first,
    tenant,
    start,
    db,
    owner,
  }) => {
    const gateway = await start(); // `first` hangs up on whoever calls
    const key = await makeKey(db, tenant);
    const reply = await gateway.chat(key.value, ask);
    expect(reply.status).toBe(200);
    expect(first.asked).toHaveLength(1);
    const rows = await spendOf(owner);
    expect(rows).toMatchObject([
      { deployment: 'first', source: 'estimate', status: 'error' },
      { deployment: 'second', source: 'provider', status: 'ok', cost: COST },
    ]);
    expect(rows[0]?.cost).toBeGreaterThan(0n);
    expect(await openReservations(owner)).toBe(0);
    expect(reply.headers.get('x-litellm-call-id')).toMatch(/^[0-9a-f-]{36}$/);
  });

  test('where there is no money for another attempt, the lost one is the answer (M1, R3)', async ({
    first,
    second,
    tenant,
    start,
    db,
    owner,
  }) => {
    const gateway = await start();
    const key = await makeKey(db, tenant, { limits: { requestsPerMinute: 1n } });
    const reply = await gateway.chat(key.value, ask);
    expect(reply.status).toBe(502);
    expect([first.asked.length, second.asked.length]).toEqual([1, 0]);
    expect(await spendOf(owner)).toMatchObject([{ deployment: 'first', source: 'estimate' }]);
    expect(await openReservations(owner)).toBe(0);
  });

  test('a refusal of the caller’s request is not, nor is anything that has begun (R2)', async ({
    first,
    second,
    tenant,
    start,
    db,
    owner,
  }) => {
    const gateway = await start();
    const key = await makeKey(db, tenant);
    first.answer = (_, reply) => answer(reply, 400);
    expect((await gateway.chat(key.value, ask)).status).toBe(400);
    expect(second.asked).toHaveLength(0);
    second.answer = first.answer = (_, reply) => {
      reply.writeHead(200, { 'content-type': 'text/event-stream' });
      reply.write(CHUNK, () => setTimeout(() => reply.destroy(), 20));
    };
    const text = await (await gateway.chat(key.value, askStream)).text();
    expect(text).toContain('"upstream.refused"');
    expect(first.asked.length + second.asked.length).toBe(2);
    expect(await spendOf(owner)).toMatchObject([{ cost: 0n }, { source: 'estimate' }]);
  });

  test('a stream whose head came and nothing else is replaced, and booked', async ({
    first,
    second,
    tenant,
    start,
    db,
    owner,
  }) => {
    first.answer = (_, reply) => {
      reply.writeHead(200, { 'content-type': 'text/event-stream' });
      reply.flushHeaders();
    };
    second.answer = (_, reply) => {
      reply.writeHead(200, { 'content-type': 'text/event-stream' });
      reply.end(`${CHUNK}data: [DONE]\n\n`);
    };
    const gateway = await start({ firstTokenMs: 150 }, { timeouts: PATIENT });
    const key = await makeKey(db, tenant);
    const text = await (await gateway.chat(key.value, askStream)).text();
    expect(text).toBe(`${CHUNK}data: [DONE]\n\n`);
    expect(await spendOf(owner)).toMatchObject([
      { deployment: 'first', source: 'estimate', status: 'error' },
      { deployment: 'second', status: 'ok' },
    ]);
  });

  test('a whole answer that takes longer than its deployment may is replaced', async ({
    first,
    second,
    tenant,
    start,
    db,
    owner,
  }) => {
    first.answer = () => {};
    const traffic = { ...PLAIN_TRAFFIC, timeoutMs: 150 };
    const deployments = pair(first, second, [{ traffic }, {}]);
    const gateway = await start({}, { deployments, timeouts: PATIENT });
    const key = await makeKey(db, tenant);
    expect((await gateway.chat(key.value, ask)).status).toBe(200);
    expect(await spendOf(owner)).toMatchObject([{ source: 'estimate' }, { cost: COST }]);
  });
});

describe('a deployment that fails', () => {
  test('is passed over once it has failed more often than allowed in a minute', async ({
    first,
    second,
    tenant,
    start,
    db,
  }) => {
    first.answer = (_, reply) => answer(reply, 500);
    const gateway = await start({ allowedFails: 1 });
    const key = await makeKey(db, tenant);
    for (let call = 0; call < 8; call++) {
      expect((await gateway.chat(key.value, ask)).status).toBe(200);
    }
    expect([first.asked.length, second.asked.length]).toEqual([2, 8]);
  });

  test('with a 429 is left alone for as long as it asks, and no longer (R5)', async ({
    first,
    second,
    tenant,
    start,
    db,
  }) => {
    first.answer = (_, reply) =>
      first.asked.length === 1
        ? answer(reply, 429, { 'retry-after-ms': '400' })
        : answer(reply, 200);
    const gateway = await start({ cooldownMs: 1 });
    const key = await makeKey(db, tenant);
    const sentMs = performance.now();
    for (let call = 0; call < 4; call++) await gateway.chat(key.value, ask);
    // On a slow machine the time may be over by now, and what was seen says nothing.
    if (performance.now() - sentMs < 400) expect(first.asked).toHaveLength(1);
    expect(second.asked.length).toBeGreaterThanOrEqual(1);
    await expect
      .poll(
        async () => {
          await gateway.chat(key.value, ask);
          return first.asked.length;
        },
        { timeout: 10_000, interval: 20 },
      )
      .toBeGreaterThan(1);
    expect(performance.now() - sentMs).toBeGreaterThanOrEqual(400);
  });

  test('with a 429 that asks for long, alone, is not asked again: its words go to the caller (R5)', async ({
    first,
    tenant,
    start,
    db,
  }) => {
    first.answer = (_, reply) => answer(reply, 429, { 'retry-after': '30' });
    const gateway = await start({}, { deployments: [deploymentAt(first.url)] });
    const key = await makeKey(db, tenant);
    const reply = await gateway.chat(key.value, ask);
    expect(reply.status).toBe(429);
    expect(reply.headers.get('retry-after')).toBe('30');
    expect(first.asked).toHaveLength(1);
  });

  test('by refusing our credential is replaced, and not asked again by the same call', async ({
    first,
    second,
    tenant,
    start,
    db,
    owner,
  }) => {
    first.answer = (_, reply) => answer(reply, 401);
    const gateway = await start();
    const key = await makeKey(db, tenant);
    expect((await gateway.chat(key.value, ask)).status).toBe(200);
    second.answer = (_, reply) => answer(reply, 500);
    expect((await gateway.chat(key.value, ask)).status).toBe(500);
    expect(first.asked).toHaveLength(1);
    expect(await spendOf(owner)).toMatchObject([{ cost: COST }, { cost: 0n }]);
  });
});

describe('the strategy', () => {
  test('simple-shuffle keeps to the weights', async ({ first, second, tenant, start, db }) => {
    first.answer = (_, reply) => answer(reply, 200);
    const weighted = (weight: number) => ({ traffic: { ...PLAIN_TRAFFIC, weight } });
    const deployments = pair(first, second, [weighted(3), weighted(1)]);
    const gateway = await start({}, { deployments });
    const key = await makeKey(db, tenant);
    for (let call = 0; call < 8; call++) await gateway.chat(key.value, ask);
    expect([first.asked.length, second.asked.length]).toEqual([6, 2]);
  });

  test('least-busy sends to the one with fewer calls under way', async ({
    first,
    second,
    tenant,
    start,
    db,
  }) => {
    const held = Promise.withResolvers<void>();
    const isAsked = Promise.withResolvers<void>();
    first.answer = (_, reply) => {
      isAsked.resolve();
      void held.promise.then(() => answer(reply, 200));
    };
    const gateway = await start({ strategy: 'least-busy' });
    const key = await makeKey(db, tenant);
    const slow = gateway.chat(key.value, ask);
    await isAsked.promise;
    for (let call = 0; call < 4; call++) await gateway.chat(key.value, ask);
    expect([first.asked.length, second.asked.length]).toEqual([1, 4]);
    held.resolve();
    expect((await slow).status).toBe(200);
  });

  test('cost-based-routing sends to the cheaper, and to the dearer only when that fails', async ({
    first,
    second,
    tenant,
    start,
    db,
  }) => {
    first.answer = (_, reply) => answer(reply, 200);
    const dear = deploymentAt(first.url).price;
    if (dear === undefined) throw new Error('no price');
    const cheap = { ...dear, rates: { ...dear.rates, output: 1n } };
    const gateway = await start(
      { strategy: 'cost-based-routing' },
      { deployments: pair(first, second, [{}, { price: cheap }]) },
    );
    const key = await makeKey(db, tenant);
    for (let call = 0; call < 3; call++) await gateway.chat(key.value, ask);
    expect([first.asked.length, second.asked.length]).toEqual([0, 3]);
    second.answer = (_, reply) => answer(reply, 503);
    expect((await gateway.chat(key.value, ask)).headers.get('x-litellm-model-id')).toBe('first');
  });

  test('usage-based-routing sends to the one with fewer tokens, and a full one gets none', async ({
    first,
    second,
    tenant,
    start,
    db,
  }) => {
    first.answer = (_, reply) => answer(reply, 200);
    const traffic = { ...PLAIN_TRAFFIC, requestsPerMinute: 2 };
    const gateway = await start(
      { strategy: 'usage-based-routing' },
      { deployments: pair(first, second, [{ traffic }, {}]) },
    );
    const key = await makeKey(db, tenant);
    for (let call = 0; call < 8; call++) await gateway.chat(key.value, ask);
    expect([first.asked.length, second.asked.length]).toEqual([2, 6]);
  });
});

describe('what is kept of a decision', () => {
  test('names the candidates, the attempts, the strategy and the trace; a call without a choice leaves none', async ({
    first,
    second,
    tenant,
    start,
    db,
    owner,
  }) => {
    first.answer = (_, reply) => answer(reply, 503);
    const gateway = await start({ strategy: 'least-busy' });
    const key = await makeKey(db, tenant);
    const traceId = 'ab'.repeat(16);
    const reply = await fetch(`${gateway.url}/v1/chat/completions`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${key.value}`,
        'content-type': 'application/json',
        traceparent: `00-${traceId}-${'1'.repeat(16)}-01`,
      },
      body: JSON.stringify(ask),
    });
    expect(reply.headers.get('x-sagewai-route')).toBe(
      'second; strategy=least-busy; failed=first:503',
    );
    const rows = await decisionsOf(owner);
    expect(rows).toEqual([
      {
        id: reply.headers.get('x-litellm-call-id'),
        traceId,
        failed: 1,
        decision: {
          requested_model: 'm',
          profile: expect.stringMatching(/^[\w-]+@[0-9a-f]{16}$/),
          rules: ['retry', 'strategy:least-busy'],
          complexity: null,
          strategy: 'least-busy',
          score: 0,
          candidates_refused: [{ model: 'm', deployment: 'first', because: 'tried' }],
          attempts: [{ deployment: 'first', because: '503', call_id: null }],
        },
      },
    ]);
    second.answer = (_, plain) => answer(plain, 200);
    const single = await start({}, { deployments: [deploymentAt(second.url)] });
    const trivial = await single.chat(key.value, ask);
    expect(trivial.headers.get('x-sagewai-route')).toBe('fake');
    expect(await decisionsOf(owner)).toHaveLength(1);
    const all = await start(
      {},
      { deployments: [deploymentAt(second.url)], routingDecisions: 'all' },
    );
    await all.chat(key.value, ask);
    expect(await decisionsOf(owner)).toHaveLength(2);
  });

  test('names the spend row of an attempt that may have been charged', async ({
    tenant,
    start,
    db,
    owner,
  }) => {
    const gateway = await start();
    const key = await makeKey(db, tenant);
    await gateway.chat(key.value, ask);
    const [lost] = await spendOf(owner);
    expect(await decisionsOf(owner)).toMatchObject([
      { decision: { attempts: [{ deployment: 'first', because: 'lost', call_id: lost?.id }] } },
    ]);
  });
});
