import { Secret } from '@sagewai/config';
import { describe, expect } from 'vitest';

import {
  deploymentAt,
  type FakeUpstream,
  makeKey,
  type RunningGateway,
} from '../gateway-fixture.ts';
import type { Deployment } from '../models/deployment.ts';
import { NO_FALLBACKS } from '../routing/fallbacks.ts';
import { routingTest as test } from '../routing/routing-fixture.ts';

const ITEM = (sealed: string) => ({
  type: 'reasoning',
  id: 'rs_1',
  summary: [],
  encrypted_content: sealed,
});
const SAID = {
  type: 'message',
  id: 'msg_1',
  role: 'assistant',
  status: 'completed',
  content: [{ type: 'output_text', text: 'hi', annotations: [] }],
};
const USAGE = { input_tokens: 10, output_tokens: 5, total_tokens: 15 };

/** Seals with its own name, and opens nothing else. */
function play(upstream: FakeUpstream, name: string): void {
  upstream.answer = (_, reply, body) => {
    const asked = JSON.parse(body.toString()) as { stream?: boolean; input: unknown };
    const items = Array.isArray(asked.input)
      ? (asked.input as { encrypted_content?: string }[])
      : [];
    const alien = items.find(({ encrypted_content: text = name }) => !text.startsWith(name));
    if (alien !== undefined) {
      reply.writeHead(400, { 'content-type': 'application/json' });
      const message = 'The encrypted content for item rs_1 could not be verified.';
      reply.end(JSON.stringify({ error: { message, code: 'invalid_encrypted_content' } }));
      return;
    }
    const output = [ITEM(`${name}-${upstream.asked.length}`), SAID];
    const response = {
      id: 'resp_1',
      object: 'response',
      status: 'completed',
      output,
      usage: USAGE,
    };
    const isStream = asked.stream === true;
    reply.writeHead(200, { 'content-type': isStream ? 'text/event-stream' : 'application/json' });
    const event = { type: 'response.completed', response };
    reply.end(
      isStream
        ? `event: response.completed\ndata: ${JSON.stringify(event)}\n\n`
        : JSON.stringify(response),
    );
  };
}

function accounts(
  first: FakeUpstream,
  second: FakeUpstream,
  provider: 'openai' | 'openai-responses' = 'openai',
): Deployment[] {
  return [first, second].map(({ url }, index) => {
    const credential = new Secret(`sk-account-${index}`);
    const endpoint = { provider, baseUrl: url, credential };
    return deploymentAt(url, { id: index === 0 ? 'first' : 'second', endpoint });
  });
}

const ASK = { model: 'm', store: false, include: ['reasoning.encrypted_content'] };

const respond = (gateway: RunningGateway, key: string, input: unknown, more: object = {}) =>
  gateway.post('/v1/responses', { ...ASK, input, ...more }, { authorization: `Bearer ${key}` });

const turn = (sealed: string) => [
  { role: 'user', content: 'hello' },
  ITEM(sealed),
  SAID,
  { role: 'user', content: 'go on' },
];

describe('sealed thinking', () => {
  test('A1: goes back to the account that sealed it, out of whole answers and of streams', async ({
    db,
    first,
    second,
    start,
    tenant,
  }) => {
    play(first, 'first');
    play(second, 'second');
    const gateway = await start({}, { deployments: accounts(first, second) });
    const { value } = await makeKey(db, tenant);
    const made: string[] = [];
    for (const stream of [false, false, true, true]) {
      const answer = await respond(gateway, value, 'hello', { stream });
      const text = await answer.text();
      made.push(/"encrypted_content":"([\w-]+)"/.exec(text)?.[1] ?? 'none');
    }
    expect(new Set(made.map((text) => text.split('-')[0]))).toEqual(new Set(['first', 'second']));
    for (const sealed of made) {
      for (const stream of [false, true]) {
        const answer = await respond(gateway, value, turn(sealed), { stream });
        expect([sealed, answer.status]).toEqual([sealed, 200]);
        expect(answer.headers.get('x-sagewai-route') ?? '').not.toContain('failed=');
        await answer.text();
      }
    }
  });

  test('A2: unknown here, is tried where it may be, for nothing, and then known', async ({
    db,
    first,
    second,
    start,
    tenant,
  }) => {
    play(first, 'first');
    play(second, 'second');
    const gateway = await start({ allowedFails: 0 }, { deployments: accounts(first, second) });
    const { value } = await makeKey(db, tenant);
    for (let n = 0; n < 4; n++) {
      const answer = await respond(gateway, value, turn('second-9'));
      expect([n, answer.status]).toEqual([n, 200]);
      await answer.text();
    }
    // It is well, though it could not open that.
    expect((await respond(gateway, value, turn('first-9'))).status).toBe(200);
    const nobody = await respond(gateway, value, turn('third-9'));
    expect(nobody.status).toBe(400);
    expect(await nobody.text()).toContain('could not be verified');
  });

  test('A1: is sent nowhere else while its account is away, which the answer says', async ({
    db,
    first,
    second,
    start,
    tenant,
  }) => {
    play(first, 'first');
    play(second, 'second');
    const deployments = accounts(first, second);
    const other = deploymentAt(second.url, { id: 'other', model: 'other' });
    const fallbacks = { ...NO_FALLBACKS, byDefault: ['other'] };
    const gateway = await start(
      { fallbacks, retry: { retries: 1, retryAfterMs: 0, backoffMs: 1, waitMsMax: 10 } },
      { deployments: [...deployments, other] },
    );
    const { value } = await makeKey(db, tenant);
    let sealed = '';
    while (!sealed.startsWith('first')) {
      const text = await (await respond(gateway, value, 'hello')).text();
      sealed = /"encrypted_content":"([\w-]+)"/.exec(text)?.[1] ?? 'none';
    }
    first.answer = (_request, reply) => void reply.destroy();
    const before = second.asked.length;
    const answer = await respond(gateway, value, turn(sealed));
    expect(answer.status).toBe(502);
    expect(await answer.text()).toContain('opens for the provider account that made it alone');
    expect(second.asked).toHaveLength(before);
  });

  test('A1: goes back also where a client of messages carries it in its signatures', async ({
    db,
    first,
    second,
    start,
    tenant,
  }) => {
    play(first, 'first');
    play(second, 'second');
    const gateway = await start({}, { deployments: accounts(first, second, 'openai-responses') });
    const { value } = await makeKey(db, tenant);
    const headers = { authorization: `Bearer ${value}`, 'anthropic-version': '2023-06-01' };
    const user = { role: 'user', content: 'hello' };
    const thinking = { type: 'enabled', budget_tokens: 1_024 };
    const body = { model: 'm', max_tokens: 900, thinking };
    for (let n = 0; n < 4; n++) {
      const ask = { ...body, max_tokens: 2_000, messages: [user] };
      const one = await gateway.post('/v1/messages', ask, headers);
      const { content } = (await one.json()) as { content: unknown };
      expect(JSON.stringify(content)).toContain('signature');
      const messages = [user, { role: 'assistant', content }, user];
      const two = await gateway.post('/v1/messages', { ...ask, messages }, headers);
      expect([n, two.status, two.headers.get('x-sagewai-route') ?? '']).toEqual([
        n,
        200,
        expect.not.stringContaining('failed='),
      ]);
      await two.text();
    }
    const sent = [...first.asked, ...second.asked].map(({ body: text }) => text.toString());
    expect(sent.filter((text) => text.includes('encrypted_content":"'))).toHaveLength(4);
  });
});
