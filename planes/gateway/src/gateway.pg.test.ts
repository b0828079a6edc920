import type { ServerResponse } from 'node:http';

import { readBudgets } from '@sagewai/ledger';
import { silentLog } from '@sagewai/log';
import { type Db, inTenant, sql } from '@sagewai/postgres';
import {
  fileDatabaseTest,
  type HeldTransaction,
  holdTransaction,
  makeTenant,
  type Tenant,
  untilWaiting,
} from '@sagewai/testing';
import { describe, expect } from 'vitest';

import { forgetCalls } from './fixture.sql.ts';
import type { GatewayConfig } from './gateway-config.ts';
import {
  deploymentAt,
  FAST_ROUTING,
  type FakeUpstream,
  makeKey,
  type RunningGateway,
  startFakeUpstream,
  startGateway,
  UPSTREAM_KEY,
} from './gateway-fixture.ts';

interface World {
  readonly upstream: FakeUpstream;
  readonly tenant: Tenant;
  readonly start: (
    changes?: Partial<GatewayConfig> & Record<string, unknown>,
  ) => Promise<RunningGateway>;
}

const test = fileDatabaseTest.extend<World>({
  // oxlint-disable-next-line no-empty-pattern -- Vitest reads the parameter's names
  upstream: async ({}, use) => {
    const upstream = await startFakeUpstream();
    await use(upstream);
    await upstream.close();
  },
  tenant: async ({ db, owner }, use) => {
    await forgetCalls(owner);
    await use(await makeTenant(db));
  },
  start: async ({ db, upstream }, use) => {
    const running: RunningGateway[] = [];
    await use(async (changes = {}) => {
      const gateway = await startGateway(db, {
        deployments: [deploymentAt(upstream.url)],
        ...changes,
      });
      running.push(gateway);
      return gateway;
    });
    await Promise.all(running.map((gateway) => gateway.close()));
  },
});

const ANSWER = {
  id: 'chatcmpl-1',
  object: 'chat.completion',
  created: 1,
  model: 'm-upstream-2026',
  choices: [
    {
      index: 0,
      message: { role: 'assistant', content: 'hi', refusal: null },
      logprobs: null,
      finish_reason: 'stop',
    },
  ],
  usage: {
    prompt_tokens: 10,
    completion_tokens: 5,
    total_tokens: 15,
    prompt_tokens_details: { cached_tokens: 4 },
  },
};
const COST = 6n * 1_000n + 4n * 100n + 5n * 10_000n;

function answerJson(reply: ServerResponse, body: object | string = ANSWER, status = 200): void {
  reply.writeHead(status, {
    'content-type': 'application/json',
    'x-upstream': 'yes',
    'set-cookie': 'a=b',
  });
  reply.end(typeof body === 'string' ? body : JSON.stringify(body));
}

const chunk = (content: string): string =>
  `data: ${JSON.stringify({ id: 'c', object: 'chat.completion.chunk', created: 1, model: 'x', choices: [{ index: 0, delta: { content }, finish_reason: null }], usage: null })}\n\n`;
const USAGE_EVENT = `data: ${JSON.stringify({ id: 'c', object: 'chat.completion.chunk', created: 1, model: 'x', choices: [], usage: { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 } })}\n\n`;
const DONE = 'data: [DONE]\n\n';
const STREAM_COST = 10n * 1_000n + 5n * 10_000n;

function answerEvents(reply: ServerResponse, events: readonly string[]): void {
  reply.writeHead(200, { 'content-type': 'text/event-stream' });
  for (const event of events) reply.write(event);
  reply.end();
}

interface SpendRow {
  cost: bigint;
  input: bigint;
  output: bigint;
  source: string;
  status: string;
  known: boolean;
  deployment: string;
}

async function spendOf(owner: Db): Promise<SpendRow[]> {
  const { rows } = await sql<SpendRow>`
    select cost_pusd as cost, input_tokens as input, output_tokens as output, usage_source as source,
           status, price_known as known, deployment
    from spend order by id
  `.execute(owner);
  return rows;
}

async function reservations(owner: Db): Promise<number> {
  const { rows } = await sql<{ n: number }>`select count(*)::int as n from reservation`.execute(
    owner,
  );
  return rows[0]?.n ?? -1;
}

/** Locks every budget of the tenant: what settles waits until it is let go. */
function lockBudgets(db: Db, { orgId }: Tenant): Promise<HeldTransaction<unknown>> {
  return holdTransaction(db, [orgId], (tx) => sql`select id from budget for update`.execute(tx));
}

/** Waits for what happens after the client has gone. */
async function settledSpend(owner: Db, rows = 1): Promise<SpendRow[]> {
  return expect
    .poll(() => spendOf(owner), { timeout: 5_000, interval: 20 })
    .toHaveLength(rows)
    .then(() => spendOf(owner));
}

const ask = { model: 'm', messages: [{ role: 'user', content: 'hello' }] };
const askStream = { ...ask, stream: true };

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

describe('a stream', () => {
  test('lacks only the usage that we asked for, and is booked (M2, M3, M5)', async ({
    upstream,
    tenant,
    start,
    db,
    owner,
  }) => {
    upstream.answer = (_, reply) =>
      answerEvents(reply, [chunk('a'), chunk('b€'), USAGE_EVENT, DONE]);
    const gateway = await start();
    const key = await makeKey(db, tenant);
    const answer = await gateway.chat(key.value, {
      ...askStream,
      stream_options: { include_usage: false },
    });
    expect(answer.headers.get('content-type')).toBe('text/event-stream');
    expect(await answer.text()).toBe(chunk('a') + chunk('b€') + DONE);
    expect(JSON.parse(upstream.asked[0]?.body.toString() ?? '')).toMatchObject({
      stream_options: { include_usage: true },
    });
    expect(await spendOf(owner)).toMatchObject([
      { cost: STREAM_COST, source: 'provider', status: 'ok' },
    ]);
  });

  test('keeps the usage that the client asked for', async ({ upstream, tenant, start, db }) => {
    upstream.answer = (_, reply) => answerEvents(reply, [chunk('a'), USAGE_EVENT, DONE]);
    const key = await makeKey(db, tenant);
    const answer = await (
      await start()
    ).chat(key.value, { ...askStream, stream_options: { include_usage: true } });
    expect(await answer.text()).toBe(chunk('a') + USAGE_EVENT + DONE);
  });

  test('does not end before it is settled (M2)', async ({ upstream, tenant, start, db, owner }) => {
    const gateway = await start();
    const key = await makeKey(db, tenant, { limits: { usdPerDay: 1_000_000_000_000n } });
    const held = Promise.withResolvers<HeldTransaction<unknown>>();
    upstream.answer = (_, reply) => {
      held.resolve(lockBudgets(db, tenant));
      void held.promise.then(() => answerEvents(reply, [chunk('a'), USAGE_EVENT, DONE]));
    };
    const answer = await gateway.chat(key.value, askStream);
    const reader = answer.body?.getReader();
    const read = async (): Promise<string> =>
      Buffer.from((await reader?.read())?.value ?? []).toString();
    expect(await read()).toBe(chunk('a'));
    let hasEnded = false;
    const rest = read().finally(() => {
      hasEnded = true;
    });
    const budgets = await held.promise;
    await untilWaiting(owner);
    await gateway.chat('sk-wrong', ask);
    expect(hasEnded).toBe(false);
    expect(await spendOf(owner)).toEqual([]);
    await budgets.commit();
    expect(await rest).toBe(DONE);
    expect(await spendOf(owner)).toHaveLength(1);
  });

  test('whose client leaves is given up upstream and settled by what was seen (M3)', async ({
    upstream,
    tenant,
    start,
    db,
    owner,
  }) => {
    const gateway = await start();
    const key = await makeKey(db, tenant);
    const gone = Promise.withResolvers<void>();
    upstream.answer = (_, reply) => {
      reply.on('close', gone.resolve);
      reply.writeHead(200, { 'content-type': 'text/event-stream' });
      for (let index = 0; index < 7; index++) reply.write(chunk('word '));
    };
    const leaving = new AbortController();
    const answer = await gateway.chat(key.value, askStream, leaving.signal);
    await answer.body?.getReader().read();
    leaving.abort();
    await gone.promise;
    const [row] = await settledSpend(owner);
    expect(row).toMatchObject({ source: 'estimate', status: 'aborted', output: 7n });
  });

  test('whose client leaves before it begins is given up', async ({
    upstream,
    tenant,
    start,
    db,
    owner,
  }) => {
    const gateway = await start();
    const key = await makeKey(db, tenant);
    const leaving = new AbortController();
    upstream.answer = () => leaving.abort();
    await expect(gateway.chat(key.value, askStream, leaving.signal)).rejects.toThrow(/abort/);
    expect(await settledSpend(owner)).toMatchObject([
      { source: 'estimate', status: 'aborted', output: 0n },
    ]);
  });

  test('whose provider dies ends with an error that clients parse, and is settled (M3)', async ({
    upstream,
    tenant,
    start,
    db,
    owner,
  }) => {
    upstream.answer = (_, reply) => {
      reply.writeHead(200, { 'content-type': 'text/event-stream' });
      reply.write(chunk('a'), () =>
        reply.write('data: {"half', () => setTimeout(() => reply.destroy(), 20)),
      );
    };
    const key = await makeKey(db, tenant);
    const text = await (await (await start()).chat(key.value, askStream)).text();
    expect(text.startsWith(chunk('a'))).toBe(true);
    const last = text.slice(chunk('a').length);
    expect(JSON.parse(last.replace('data: ', ''))).toMatchObject({
      error: { type: 'server_error', code: 'upstream.refused', param: null },
    });
    expect(await spendOf(owner)).toMatchObject([
      { source: 'estimate', status: 'error', output: 1n },
    ]);
  });

  test('that falls silent ends with an error', async ({ upstream, tenant, start, db, owner }) => {
    upstream.answer = (_, reply) => {
      reply.writeHead(200, { 'content-type': 'text/event-stream' });
      reply.write(chunk('a'));
    };
    const key = await makeKey(db, tenant);
    const gateway = await start({
      timeouts: { connectMs: 500, firstByteMs: 500, idleMs: 500, clientStallMs: 500 },
    });
    expect(await (await gateway.chat(key.value, askStream)).text()).toContain('"upstream.late"');
    expect(await spendOf(owner)).toMatchObject([{ source: 'estimate', status: 'error' }]);
  });

  test('that never reports usage is estimated (M3)', async ({
    upstream,
    tenant,
    start,
    db,
    owner,
  }) => {
    upstream.answer = (_, reply) => answerEvents(reply, [chunk('a'), chunk('b')]);
    const key = await makeKey(db, tenant);
    expect(await (await (await start()).chat(key.value, askStream)).text()).toBe(
      chunk('a') + chunk('b'),
    );
    expect(await spendOf(owner)).toMatchObject([{ source: 'estimate', status: 'ok', output: 2n }]);
  });

  test('with an event that never ends is given up with a clear error', async ({
    upstream,
    tenant,
    start,
    db,
    owner,
  }) => {
    upstream.answer = (_, reply) => {
      reply.writeHead(200, { 'content-type': 'text/event-stream' });
      reply.write(`data: ${'x'.repeat(100_000)}`);
    };
    const key = await makeKey(db, tenant);
    expect(await (await (await start()).chat(key.value, askStream)).text()).toContain(
      '"upstream.broken"',
    );
    expect(await spendOf(owner)).toMatchObject([{ status: 'error' }]);
  });

  test('slows its provider down when its client reads slowly', async ({
    upstream,
    tenant,
    start,
    db,
  }) => {
    const big = chunk('x'.repeat(30_000));
    const written = { count: 0 };
    upstream.answer = (_, reply) => {
      reply.writeHead(200, { 'content-type': 'text/event-stream' });
      const more = (): void => {
        if (written.count++ < 2_000 && !reply.destroyed) reply.write(big, more);
        else reply.end(USAGE_EVENT + DONE);
      };
      more();
    };
    const key = await makeKey(db, tenant);
    const gateway = await start({
      timeouts: { connectMs: 500, firstByteMs: 500, idleMs: 500, clientStallMs: 5_000 },
    });
    const answer = await gateway.chat(key.value, askStream);
    await expect.poll(() => written.count, { timeout: 4_000 }).toBeGreaterThan(5);
    const before = await stable(() => written.count);
    expect(before).toBeLessThan(1_500);
    const text = await answer.text();
    expect(text.length).toBe(big.length * 2_000 + DONE.length);
  });

  test('whose client stops reading is given up', async ({ upstream, tenant, start, db, owner }) => {
    const big = chunk('x'.repeat(30_000));
    upstream.answer = (_, reply) => {
      reply.writeHead(200, { 'content-type': 'text/event-stream' });
      const more = (error?: Error | null): void => {
        if (!error) reply.write(big, more);
      };
      more();
    };
    const key = await makeKey(db, tenant);
    const gateway = await start({
      timeouts: { connectMs: 500, firstByteMs: 500, idleMs: 5_000, clientStallMs: 200 },
    });
    const answer = await gateway.chat(key.value, askStream);
    expect(await settledSpend(owner)).toMatchObject([{ status: 'aborted', source: 'estimate' }]);
    await expect(answer.text()).rejects.toThrow(/terminated/);
  });
});

/** The value once it has stopped changing. */
async function stable(read: () => number): Promise<number> {
  let last = -1;
  await expect
    .poll(
      () => {
        const isSame = read() === last;
        last = read();
        return isSame;
      },
      { timeout: 4_000, interval: 200 },
    )
    .toBe(true);
  return last;
}

describe('a provider that fails', () => {
  test.for([401, 403])(
    'of our credential (%i) is told without its words (M6)',
    async (status, { upstream, tenant, start, db }) => {
      const words = `{"error":{"message":"Incorrect API key provided: ${UPSTREAM_KEY}"}}`;
      upstream.answer = (_, reply) => answerJson(reply, words, status);
      const gateway = await start();
      const key = await makeKey(db, tenant);
      const answer = await gateway.chat(key.value, ask);
      expect(answer.status).toBe(502);
      const text = await answer.text();
      expect(text).toContain('upstream.refused');
      expect(text).not.toContain(UPSTREAM_KEY);
    },
  );

  test('keeps its own words and status, and costs nothing', async ({
    upstream,
    tenant,
    start,
    db,
    owner,
  }) => {
    const words =
      '{"error":{"message":"context too long","type":"invalid_request_error","param":"messages","code":"context_length_exceeded"}}';
    upstream.answer = (_, reply) => answerJson(reply, words, 400);
    const key = await makeKey(db, tenant);
    const answer = await (await start()).chat(key.value, askStream);
    expect(answer.status).toBe(400);
    expect(await answer.text()).toBe(words);
    expect(await spendOf(owner)).toMatchObject([{ cost: 0n, status: 'error', source: 'provider' }]);
  });

  test.for([
    ['a page of a proxy', 503, '<html>Service Unavailable</html>', 'server_error'],
    ['nothing', 429, '', 'rate_limit_error'],
  ] as const)(
    'by refusing with %s keeps its status, in words that clients read',
    async ([, status, words, type], { upstream, tenant, start, db, owner }) => {
      upstream.answer = (_, reply) => {
        reply.writeHead(status, { 'content-type': 'text/html', 'retry-after': '7' });
        reply.end(words);
      };
      const key = await makeKey(db, tenant);
      const answer = await (await start()).chat(key.value, ask);
      expect(answer.status).toBe(status);
      expect(answer.headers.get('content-type')).toMatch(/^application\/json/);
      expect(answer.headers.get('retry-after')).toBe('7');
      expect(await answer.json()).toMatchObject({ error: { type, code: 'upstream.broken' } });
      expect(await spendOf(owner)).toMatchObject([{ cost: 0n, status: 'error' }]);
    },
  );

  test('by a stream that is none ends it with an error, not as if it were whole', async ({
    upstream,
    tenant,
    start,
    db,
    owner,
  }) => {
    upstream.answer = (_, reply) => {
      reply.writeHead(200, { 'content-type': 'text/event-stream' });
      reply.end('what is this');
    };
    const key = await makeKey(db, tenant);
    const answer = await (await start()).chat(key.value, askStream);
    const [last] = (await answer.text()).trim().split('\n\n').slice(-1);
    expect(last).toMatch(/^data: \{"error":\{.*"code":"upstream.broken"/);
    expect(await spendOf(owner)).toMatchObject([{ status: 'error', source: 'estimate' }]);
  });

  test('by being away is a 502 that says to retry, and costs nothing', async ({
    tenant,
    start,
    db,
    owner,
    upstream,
  }) => {
    await upstream.close();
    const key = await makeKey(db, tenant);
    const answer = await (await start()).chat(key.value, ask);
    expect(answer.status).toBe(502);
    expect(answer.headers.get('retry-after')).toBe('1');
    expect(await answer.json()).toMatchObject({ error: { type: 'server_error', param: null } });
    expect(await spendOf(owner)).toMatchObject([{ cost: 0n, status: 'error' }]);
  });

  test('by silence is a 504, and may have charged', async ({
    upstream,
    tenant,
    start,
    db,
    owner,
  }) => {
    upstream.answer = () => {};
    const key = await makeKey(db, tenant);
    const gateway = await start({
      timeouts: { connectMs: 500, firstByteMs: 500, idleMs: 500, clientStallMs: 500 },
    });
    const answer = await gateway.chat(key.value, ask);
    expect(answer.status).toBe(504);
    const [row] = await spendOf(owner);
    expect(row).toMatchObject({ status: 'error', source: 'estimate', output: 0n });
    expect(row?.cost).toBeGreaterThan(0n);
  });

  test('by hanging up is a 502, is not repeated there, and may have charged', async ({
    upstream,
    tenant,
    start,
    db,
    owner,
  }) => {
    const gateway = await start();
    const key = await makeKey(db, tenant);
    const answer = await gateway.chat(key.value, ask);
    expect(answer.status).toBe(502);
    await answer.text();
    expect(upstream.asked).toHaveLength(1);
    expect(await spendOf(owner)).toMatchObject([{ status: 'error', source: 'estimate' }]);
  });

  test.for([
    ['text', { 'content-type': 'text/html' }, '<html>'],
    ['text that says it is JSON', { 'content-type': 'application/json' }, '<html>'],
    ['a list', { 'content-type': 'application/json' }, '[]'],
    ['compressed bytes', { 'content-type': 'application/json', 'content-encoding': 'gzip' }, 'x'],
    [
      'more than is taken',
      { 'content-type': 'application/json' },
      `{"x":"${'x'.repeat(100_000)}"}`,
    ],
    ['events to who asked for one object', { 'content-type': 'text/event-stream' }, DONE],
  ] as const)(
    'by answering %s is a 502',
    async ([, headers, text], { upstream, tenant, start, db, owner }) => {
      upstream.answer = (_, reply) => {
        reply.writeHead(200, headers);
        reply.end(text);
      };
      const key = await makeKey(db, tenant);
      const answer = await (await start()).chat(key.value, ask);
      expect(answer.status).toBe(502);
      expect(answer.headers.get('x-sagewai-route')).toMatch(/^fake/);
      expect(answer.headers.get('x-litellm-call-id')).toMatch(/^[\da-f]{8}-/);
      expect(await answer.json()).toMatchObject({ error: { code: 'upstream.broken' } });
      expect(await spendOf(owner)).toMatchObject([{ status: 'error', source: 'estimate' }]);
      expect(await reservations(owner)).toBe(0);
    },
  );

  test('by redirecting is a 502: a credential goes nowhere else (M6)', async ({
    upstream,
    tenant,
    start,
    db,
  }) => {
    upstream.answer = (_, reply) => {
      reply.writeHead(307, { location: '/elsewhere', 'content-type': 'application/json' });
      reply.end('{}');
    };
    const key = await makeKey(db, tenant);
    expect((await (await start()).chat(key.value, ask)).status).toBe(502);
    expect(upstream.asked).toHaveLength(1);
  });

  test('is replaced by another deployment before the first byte, and passed over for a while', async ({
    upstream,
    tenant,
    start,
    db,
    owner,
  }) => {
    const other = await startFakeUpstream();
    other.answer = (_, reply) => answerJson(reply);
    upstream.answer = (_, reply) => answerJson(reply, { error: { message: 'down' } }, 503);
    const second = deploymentAt(other.url, { id: 'second', upstreamModel: 'other-name' });
    const gateway = await start({
      deployments: [deploymentAt(upstream.url), second],
      routing: { ...FAST_ROUTING, allowedFails: 0 },
    });
    const key = await makeKey(db, tenant);
    for (let index = 0; index < 4; index++) {
      const answer = await gateway.chat(key.value, ask);
      expect(answer.status).toBe(200);
      expect(answer.headers.get('x-litellm-model-id')).toBe('second');
      await answer.text();
    }
    expect(upstream.asked).toHaveLength(1);
    expect(other.asked).toHaveLength(4);
    expect(JSON.parse(other.asked[0]?.body.toString() ?? '')).toMatchObject({
      model: 'other-name',
    });
    expect(await spendOf(owner)).toMatchObject(Array(4).fill({ cost: COST, deployment: 'second' }));
    await other.close();
  });
});

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
      if (status !== 200) {
        const { error } = (await answer.json()) as { error: object };
        expect(Object.keys(error).sort()).toEqual(['code', 'message', 'param', 'type']);
      }
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
