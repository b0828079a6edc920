import { type HeldTransaction, untilWaiting } from '@sagewai/testing';
import { describe, expect } from 'vitest';

import { makeKey } from '../gateway-fixture.ts';
import {
  answerEvents,
  ask,
  askStream,
  chunk,
  DONE,
  hotPathTest as test,
  lockBudgets,
  settledSpend,
  spendOf,
  stable,
  STREAM_COST,
  USAGE_EVENT,
} from './fixture.sql.ts';

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
