import { describe, expect } from 'vitest';

import { openReservations, spendOf } from '../fixture.sql.ts';
import { deploymentAt, makeKey } from '../gateway-fixture.ts';
import { NO_FALLBACKS } from './fallbacks.ts';
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

const statusesOf = (answers: readonly Response[]): number[] => answers.map(({ status }) => status);

describe('a storm of 429', () => {
  test('at one deployment costs nobody an answer, and each call is paid for once', async ({
    first,
    tenant,
    start,
    db,
    owner,
  }) => {
    first.answer = (_, reply) => answer(reply, 429, { 'retry-after': '60' });
    const gateway = await start();
    const key = await makeKey(db, tenant);
    const storm = await Promise.all(Array.from({ length: 24 }, () => gateway.chat(key.value, ask)));
    expect(statusesOf(storm)).toEqual(Array(24).fill(200));
    const asked = first.asked.length;
    expect(asked).toBeGreaterThan(0);
    const calm = await Promise.all(Array.from({ length: 8 }, () => gateway.chat(key.value, ask)));
    expect(statusesOf(calm)).toEqual(Array(8).fill(200));
    expect(first.asked).toHaveLength(asked); // R5
    const rows = await spendOf(owner);
    expect(rows).toHaveLength(32);
    expect(rows.every(({ cost, deployment }) => cost === COST && deployment === 'second')).toBe(
      true,
    );
    expect(await openReservations(owner)).toBe(0);
  });

  test('at all of them goes to the callers in their words, once asked, and costs nothing', async ({
    first,
    second,
    tenant,
    start,
    db,
    owner,
  }) => {
    first.answer = (_, reply) => answer(reply, 429, { 'retry-after': '60' });
    second.answer = (_, reply) => answer(reply, 429, { 'retry-after': '90' });
    const gateway = await start();
    const key = await makeKey(db, tenant);
    const reply = await gateway.chat(key.value, ask);
    expect(reply.status).toBe(429);
    expect([first.asked.length, second.asked.length]).toEqual([1, 1]);
    // Whoever comes later asks the one that is to be asked first, and no other.
    expect((await gateway.chat(key.value, ask)).headers.get('retry-after')).toBe('60');
    expect([first.asked.length, second.asked.length]).toEqual([2, 1]);
    expect(await spendOf(owner)).toMatchObject([{ cost: 0n }, { cost: 0n }]);
  });
});

test('garbage in the place of an answer is replaced, and what it may have cost is booked (R1)', async ({
  first,
  tenant,
  start,
  db,
  owner,
}) => {
  first.answer = (_, reply) => {
    reply.writeHead(200, { 'content-type': 'text/html' });
    reply.end('<html>welcome to the hotel’s network');
  };
  const gateway = await start();
  const key = await makeKey(db, tenant);
  expect((await gateway.chat(key.value, ask)).status).toBe(200);
  expect(await spendOf(owner)).toMatchObject([
    { deployment: 'first', source: 'estimate', status: 'error' },
    { deployment: 'second', cost: COST },
  ]);
});

test('a whole answer that breaks off is asked for elsewhere, and what it may have cost is booked (R1, R2, R3)', async ({
  first,
  second,
  tenant,
  start,
  db,
  owner,
}) => {
  first.answer = (_, reply) => {
    reply.writeHead(200, { 'content-type': 'application/json', 'content-length': '1000' });
    reply.write('{"id":', () => setTimeout(() => reply.destroy(), 10));
  };
  const gateway = await start();
  const key = await makeKey(db, tenant);
  const answered = await gateway.chat(key.value, ask);
  expect([answered.status, answered.headers.get('x-litellm-model-id')]).toEqual([200, 'second']);
  expect(second.asked).toHaveLength(1);
  expect((await spendOf(owner)).map(({ source, status }) => `${source} ${status}`).sort()).toEqual([
    'estimate error',
    'provider ok',
  ]);
  // Where nobody can take its place, the caller is told.
  second.answer = first.answer;
  expect((await gateway.chat(key.value, ask)).status).toBe(502);
});

test('a slow provider and one that hangs up leave two estimates and one answer of another model', async ({
  first,
  second,
  tenant,
  start,
  db,
  owner,
}) => {
  first.answer = () => {};
  second.answer = (_, reply, body) => {
    if (body.toString().includes('other')) answer(reply, 200);
    else reply.destroy();
  };
  const traffic = { ...PLAIN_TRAFFIC, timeoutMs: 100 };
  const fallbacks = { ...NO_FALLBACKS, generic: new Map([['m', ['other']]]) };
  const gateway = await start(
    { fallbacks },
    {
      deployments: [
        ...pair(first, second, [{ traffic }, {}]),
        deploymentAt(second.url, { id: 'other', model: 'other', upstreamModel: 'other' }),
      ],
    },
  );
  const key = await makeKey(db, tenant);
  expect((await gateway.chat(key.value, ask)).status).toBe(200);
  const rows = await spendOf(owner);
  expect(rows.map(({ deployment, source }) => [deployment, source])).toEqual([
    ['first', 'estimate'],
    ['second', 'estimate'],
    ['other', 'provider'],
  ]);
  expect(await openReservations(owner)).toBe(0);
});

test('a client that leaves while its call waits for another attempt is not called for again', async ({
  first,
  tenant,
  start,
  db,
  owner,
}) => {
  const leaving = new AbortController();
  first.answer = (_, reply) => {
    answer(reply, 503);
    reply.on('finish', () => setTimeout(() => leaving.abort(), 20));
  };
  const retry = { retries: 3, retryAfterMs: 30_000, backoffMs: 1, waitMsMax: 1 };
  const gateway = await start({ retry }, { deployments: [deploymentAt(first.url)] });
  const key = await makeKey(db, tenant);
  await expect(gateway.chat(key.value, askStream, leaving.signal)).rejects.toThrow(/abort/);
  await expect.poll(() => spendOf(owner), { timeout: 5_000 }).toMatchObject([{ cost: 0n }]);
  expect(first.asked).toHaveLength(1);
  expect(await openReservations(owner)).toBe(0);
});

test('a stream that dies midway is told, booked and counted, and nobody else is asked (R2)', async ({
  first,
  second,
  tenant,
  start,
  db,
  owner,
}) => {
  first.answer = (_, reply) => {
    reply.writeHead(200, { 'content-type': 'text/event-stream' });
    reply.write(CHUNK.repeat(3), () => setTimeout(() => reply.destroy(), 20));
  };
  const fallbacks = { ...NO_FALLBACKS, byDefault: ['other'] };
  const gateway = await start({ fallbacks });
  const key = await makeKey(db, tenant);
  const text = await (await gateway.chat(key.value, askStream)).text();
  expect(text.startsWith(CHUNK.repeat(3))).toBe(true);
  expect(text).toContain('"upstream.refused"');
  expect(second.asked).toHaveLength(0);
  expect(await spendOf(owner)).toMatchObject([{ source: 'estimate', status: 'error' }]);
});

test('what failed, was tried again, fell back and cools is counted', async ({
  first,
  second,
  tenant,
  start,
  db,
}) => {
  first.answer = (_, reply) => answer(reply, 503);
  second.answer = (_, reply) => answer(reply, 401);
  const fallbacks = { ...NO_FALLBACKS, byDefault: ['nowhere', 'simulated'] };
  const gateway = await start({ fallbacks, allowedFails: 0 });
  const key = await makeKey(db, tenant);
  expect((await gateway.chat(key.value, ask)).status).toBe(200);
  const text = await gateway.metrics();
  for (const line of [
    'sagewai_model_attempts_failed_total{provider="compatible",because="5xx"} 3',
    'sagewai_model_attempts_failed_total{provider="compatible",because="401"} 1',
    'sagewai_model_retries_total{where="other"} 1',
    'sagewai_model_retries_total{where="again"} 2',
    'sagewai_model_fallbacks_total{because="generic",outcome="refused"} 1',
    'sagewai_model_fallbacks_total{because="generic",outcome="sent"} 1',
    'sagewai_model_cooldowns_total{provider="compatible"} 2',
    'sagewai_model_deployments_cooling 2',
  ]) {
    expect(text).toContain(line);
  }
});

test('a deployment that would refuse calls is passed over before one finds out, until it is well', async ({
  first,
  second,
  tenant,
  start,
  db,
}) => {
  let status = 503;
  first.answer = (request, reply) => answer(reply, request.method === 'GET' ? status : 200);
  second.answer = (_, reply) => answer(reply, 200);
  const gateway = await start({}, { healthCheckMs: 60_000 });
  const key = await makeKey(db, tenant);
  const calls = async (): Promise<number> => {
    const before = first.asked.filter(({ url }) => url.endsWith('/completions')).length;
    for (let call = 0; call < 4; call++) await gateway.chat(key.value, ask);
    return first.asked.filter(({ url }) => url.endsWith('/completions')).length - before;
  };
  await gateway.runJob('gateway.checkDeployments');
  expect(first.asked).toMatchObject([{ url: '/v1/models' }]);
  expect(await calls()).toBe(0);
  status = 404; // No such list: that says that it is there.
  await gateway.runJob('gateway.checkDeployments');
  expect(await calls()).toBe(2);
});
