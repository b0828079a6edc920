import { describe, expect } from 'vitest';

import { deploymentAt, makeKey } from '../gateway-fixture.ts';
import { answer, ask, pair, routingTest as test } from '../routing/routing-fixture.ts';

const bodyOf = ({ body }: { readonly body: Buffer }): Record<string, unknown> =>
  JSON.parse(body.toString()) as Record<string, unknown>;

describe('a request that names its own', () => {
  test('retries gets so many, and no provider hears of it', async ({
    db,
    first,
    start,
    tenant,
  }) => {
    first.answer = (_, reply) => answer(reply, 503);
    const gateway = await start({}, { deployments: [deploymentAt(first.url, { id: 'only' })] });
    const { value } = await makeKey(db, tenant);
    expect((await gateway.chat(value, { ...ask, num_retries: 0 })).status).toBe(503);
    expect(first.asked).toHaveLength(1);
    expect((await gateway.chat(value, { ...ask, num_retries: 1 })).status).toBe(503);
    expect(first.asked).toHaveLength(3);
    const headers = { authorization: `Bearer ${value}`, 'x-litellm-num-retries': '0' };
    expect((await gateway.post('/v1/chat/completions', ask, headers)).status).toBe(503);
    expect(first.asked).toHaveLength(4);
    expect(first.asked.map((each) => Object.keys(bodyOf(each)).includes('num_retries'))).toEqual(
      first.asked.map(() => false),
    );
    const wrong = await gateway.chat(value, { ...ask, num_retries: 'many' });
    expect([wrong.status, first.asked.length]).toEqual([400, 4]);
  });

  test('fallbacks gets them, those alone that its key may call', async ({
    db,
    first,
    second,
    start,
    tenant,
  }) => {
    first.answer = (_, reply) => answer(reply, 503);
    const gateway = await start(
      { retry: { retries: 0, retryAfterMs: 0, backoffMs: 1, waitMsMax: 1 } },
      {
        deployments: [
          deploymentAt(first.url, { id: 'm', model: 'm' }),
          deploymentAt(second.url, { id: 'spare', model: 'spare' }),
        ],
      },
    );
    const any = await makeKey(db, tenant);
    expect((await gateway.chat(any.value, ask)).status).toBe(503);
    const helped = await gateway.chat(any.value, { ...ask, fallbacks: ['spare'] });
    expect(helped.status).toBe(200);
    expect(helped.headers.get('x-litellm-attempted-fallbacks')).toBe('1');
    expect(bodyOf(second.asked[0] ?? { body: Buffer.from('{}') })).not.toHaveProperty('fallbacks');
    const own = await makeKey(db, tenant, { models: ['m'] });
    const refused = await gateway.chat(own.value, { ...ask, fallbacks: ['spare', 'nowhere'] });
    expect([refused.status, second.asked.length]).toEqual([503, 1]);
  });

  test('retries has an answer that is kept as any other', async ({ db, second, start, tenant }) => {
    const gateway = await start(
      {},
      {
        deployments: [deploymentAt(second.url, { id: 'only' })],
        cache: { when: 'always', ttlMs: 60_000, bytesMax: 1_000_000 },
      },
    );
    const { value } = await makeKey(db, tenant);
    const said = { ...ask, num_retries: 2 };
    const first = await gateway.chat(value, said);
    const again = await gateway.chat(value, said);
    expect([first, again].map(({ headers }) => headers.get('x-sagewai-cache'))).toEqual([
      'miss',
      'hit',
    ]);
  });

  test('time in the headers of LiteLLM has no more than that', async ({
    db,
    first,
    start,
    tenant,
  }) => {
    const gateway = await start({}, { deployments: pair(first, first) });
    const { value } = await makeKey(db, tenant);
    // The first call of a gateway takes its time on a busy machine, and would not be sent within it.
    first.answer = (_, reply) => answer(reply, 200);
    expect((await gateway.chat(value, ask)).status).toBe(200);
    first.answer = () => undefined;
    const headers = { authorization: `Bearer ${value}`, 'x-litellm-timeout': '0.3' };
    const late = await gateway.post('/v1/chat/completions', ask, headers);
    expect([late.status, first.asked.length]).toEqual([504, 2]);
  });
});
