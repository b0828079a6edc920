import type { ServerResponse } from 'node:http';

import { describe, expect } from 'vitest';

import { openReservations, spendOf } from '../fixture.sql.ts';
import { deploymentAt, type FakeUpstream, makeKey } from '../gateway-fixture.ts';
import type { Deployment } from '../models/deployment.ts';
import { flatPrice, ratesOf } from '../money/price.ts';
import { type Fallbacks, NO_FALLBACKS } from './fallbacks.ts';
import { answer, ask, askStream, CHUNK, COST, routingTest as test } from './routing-fixture.ts';

const FREE = flatPrice(ratesOf({ input: 0n, output: 0n }));

/** Model `m` at the first provider, models `b` and `c` at the second. */
const models = (
  first: FakeUpstream,
  second: FakeUpstream,
  of: Partial<Deployment> = {},
): Deployment[] => [
  deploymentAt(first.url, { id: 'first' }),
  deploymentAt(second.url, { id: 'b', model: 'b', upstreamModel: 'b-upstream', ...of }),
  deploymentAt(second.url, { id: 'c', model: 'c', upstreamModel: 'c-upstream', ...of }),
];

const falling = (of: Partial<Fallbacks>): { fallbacks: Fallbacks } => ({
  fallbacks: { ...NO_FALLBACKS, ...of },
});
const toB = new Map([['m', ['b']]]);

const modelsAsked = ({ asked }: FakeUpstream): string[] =>
  asked.map(({ body }) => (JSON.parse(body.toString()) as { model: string }).model);

function refuse(reply: ServerResponse, error: object, status = 400): void {
  reply.writeHead(status, { 'content-type': 'application/json' });
  reply.end(JSON.stringify({ error }));
}

describe('a model that fails is replaced', () => {
  test('by the next of its chain, once its own attempts are used up; each is booked where it was (R1, R3)', async ({
    first,
    second,
    tenant,
    start,
    db,
    owner,
  }) => {
    first.answer = (_, reply) => answer(reply, 503);
    second.answer = (_, reply, body) =>
      answer(reply, body.toString().includes('b-upstream') ? 500 : 200);
    const gateway = await start(falling({ generic: new Map([['m', ['b', 'c']]]) }), {
      deployments: models(first, second),
    });
    const key = await makeKey(db, tenant);
    const reply = await gateway.chat(key.value, ask);
    expect(reply.status).toBe(200);
    expect(reply.headers.get('x-litellm-model-group')).toBe('c');
    expect(reply.headers.get('x-litellm-attempted-fallbacks')).toBe('2');
    expect(reply.headers.get('x-sagewai-route')).toMatch(
      /^c; failed=first:503,.*b:500; fallbacks=b:generic,c:generic$/,
    );
    expect(first.asked).toHaveLength(4);
    expect(modelsAsked(second)).toEqual([...Array<string>(4).fill('b-upstream'), 'c-upstream']);
    expect(await spendOf(owner)).toMatchObject([
      { deployment: 'first', cost: 0n, status: 'error' },
      { deployment: 'b', cost: 0n, status: 'error' },
      { deployment: 'c', cost: COST, status: 'ok' },
    ]);
    expect(await openReservations(owner)).toBe(0);
  });

  test('and what a lost attempt may have cost is booked (M3, R1)', async ({
    first,
    second,
    tenant,
    start,
    db,
    owner,
  }) => {
    const routing = falling({ byDefault: ['b'] });
    const gateway = await start(routing, { deployments: models(first, second) });
    const key = await makeKey(db, tenant);
    expect((await gateway.chat(key.value, ask)).status).toBe(200);
    expect(first.asked).toHaveLength(1);
    const [lost, paid] = await spendOf(owner);
    expect(lost).toMatchObject({ deployment: 'first', source: 'estimate', status: 'error' });
    expect(lost?.cost).toBeGreaterThan(0n);
    expect(paid).toMatchObject({ deployment: 'b', cost: COST });
  });

  test('also when its stream began and broke off before there was anything of it', async ({
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
      setTimeout(() => reply.destroy(), 20);
    };
    second.answer = (_, reply) => {
      reply.writeHead(200, { 'content-type': 'text/event-stream' });
      reply.end(`${CHUNK}data: [DONE]\n\n`);
    };
    const routing = falling({ generic: toB });
    const gateway = await start(routing, { deployments: models(first, second) });
    const key = await makeKey(db, tenant);
    const text = await (await gateway.chat(key.value, askStream)).text();
    expect(text).toBe(`${CHUNK}data: [DONE]\n\n`);
    expect(await spendOf(owner)).toMatchObject([
      { deployment: 'first', source: 'estimate', status: 'error' },
      { deployment: 'b', status: 'ok' },
    ]);
  });

  test('but not once a piece of its answer was sent (R2)', async ({
    first,
    second,
    tenant,
    start,
    db,
  }) => {
    first.answer = (_, reply) => {
      reply.writeHead(200, { 'content-type': 'text/event-stream' });
      reply.write(CHUNK, () => setTimeout(() => reply.destroy(), 20));
    };
    const routing = falling({ generic: toB });
    const gateway = await start(routing, { deployments: models(first, second) });
    const key = await makeKey(db, tenant);
    const text = await (await gateway.chat(key.value, askStream)).text();
    expect(text).toContain('"upstream.refused"');
    expect(second.asked).toHaveLength(0);
  });

  test('only by what the caller may call, and there is money for (M1, M7)', async ({
    first,
    second,
    tenant,
    start,
    db,
    owner,
  }) => {
    first.answer = (_, reply) => answer(reply, 503);
    const gateway = await start(falling({ generic: new Map([['m', ['b', 'c']]]) }), {
      deployments: models(first, second),
    });
    const onlyC = await makeKey(db, tenant, { models: ['m', 'c'] });
    const reply = await gateway.chat(onlyC.value, ask);
    expect(reply.headers.get('x-sagewai-route')).toMatch(/fallbacks=b:model.forbidden,c:generic$/);
    expect(modelsAsked(second)).toEqual(['c-upstream']);
    const once = await makeKey(db, tenant, { limits: { requestsPerMinute: 1n } });
    expect((await gateway.chat(once.value, ask)).status).toBe(503);
    expect(modelsAsked(second)).toEqual(['c-upstream']);
    expect(await spendOf(owner)).toHaveLength(3);
    expect(await openReservations(owner)).toBe(0);
  });

  test('at most as often as allowed', async ({ first, second, tenant, start, db }) => {
    first.answer = (_, reply) => answer(reply, 401);
    second.answer = (_, reply) => answer(reply, 401);
    const generic = new Map([['m', ['b', 'c']]]);
    const gateway = await start(falling({ generic, max: 1 }), {
      deployments: models(first, second),
    });
    const key = await makeKey(db, tenant);
    expect((await gateway.chat(key.value, ask)).status).toBe(502);
    expect(modelsAsked(second)).toEqual(['b-upstream']);
  });
});

describe('a refusal', () => {
  test.for([
    ['context', { message: 'x', code: 'context_length_exceeded' }],
    ['context', { message: 'This model’s maximum context length is 8192 tokens' }],
    ['contentPolicy', { message: 'x', code: 'content_filter' }],
    ['contentPolicy', { message: 'triggering Azure OpenAI’s content management policy' }],
  ] as const)(
    'for its %s is answered by the model for that: %j',
    async ([kind, error], { first, second, tenant, start, db, owner }) => {
      first.answer = (_, reply) => refuse(reply, error);
      const routing = falling({ [kind]: toB, generic: new Map([['m', ['c']]]) });
      const gateway = await start(routing, { deployments: models(first, second) });
      const key = await makeKey(db, tenant);
      expect((await gateway.chat(key.value, ask)).status).toBe(200);
      expect(modelsAsked(second)).toEqual(['b-upstream']);
      expect(await spendOf(owner)).toMatchObject([{ cost: 0n }, { cost: COST }]);
    },
  );

  test('for anything else goes to the caller in the provider’s own words', async ({
    first,
    second,
    tenant,
    start,
    db,
    owner,
  }) => {
    first.answer = (_, reply) => refuse(reply, { message: 'temperature is too high' });
    const routing = falling({ context: toB, contentPolicy: toB, generic: toB });
    const gateway = await start(routing, { deployments: models(first, second) });
    const key = await makeKey(db, tenant);
    const reply = await gateway.chat(key.value, ask);
    expect(await reply.json()).toEqual({ error: { message: 'temperature is too high' } });
    expect(second.asked).toHaveLength(0);
    expect(await spendOf(owner)).toMatchObject([{ cost: 0n, status: 'error' }]);
  });
});

test('a model that there is no money for is replaced by one that there is (M1)', async ({
  first,
  second,
  tenant,
  start,
  db,
  owner,
}) => {
  const gateway = await start(falling({ budget: toB }), {
    deployments: models(first, second, { price: FREE }),
  });
  const poor = await makeKey(db, tenant, { limits: { usdPerDay: 1n } });
  const reply = await gateway.chat(poor.value, ask);
  expect(reply.status).toBe(200);
  expect(reply.headers.get('x-sagewai-route')).toBe('b; fallbacks=b:budget');
  expect(first.asked).toHaveLength(0);
  expect(await spendOf(owner)).toMatchObject([{ deployment: 'b', cost: 0n }]);
  const neither = await makeKey(db, tenant, { models: ['m'], limits: { usdPerDay: 1n } });
  const refused = await gateway.chat(neither.value, ask);
  expect(refused.status).toBe(429);
  expect(await refused.json()).toMatchObject({ error: { type: 'budget_exceeded' } });
});

test('another name of a model is that model', async ({ first, tenant, start, db }) => {
  first.answer = (_, reply) => answer(reply, 200);
  const aliases = new Map([['gpt', 'm']]);
  const gateway = await start({ aliases }, { deployments: [deploymentAt(first.url)] });
  const key = await makeKey(db, tenant);
  expect((await gateway.chat(key.value, { ...ask, model: 'gpt' })).status).toBe(200);
  expect(modelsAsked(first)).toEqual(['m-upstream']);
});
