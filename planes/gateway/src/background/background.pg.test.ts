import type { IncomingMessage, ServerResponse } from 'node:http';

import { Secret } from '@sagewai/config';
import { inTenant } from '@sagewai/postgres';
import { makeTenant } from '@sagewai/testing';
import OpenAI from 'openai';
import { describe, expect } from 'vitest';

import { changesOf, heldInShares, openReservations, wholeSpendOf } from '../fixture.sql.ts';
import {
  deploymentAt,
  type FakeUpstream,
  makeKey,
  type RunningGateway,
  startGateway,
} from '../gateway-fixture.ts';
import { answerJson, sharedWorldTest } from '../world-fixture.ts';
import { endOpen, findOpen, listDueResponses, openResponse } from './background.sql.ts';

const at = (url: string, id: string, provider: 'openai' | 'compatible' = 'openai') =>
  deploymentAt(url, {
    id,
    model: id,
    upstreamModel: `up-${id}`,
    endpoint: { provider, baseUrl: url, credential: new Secret(`sk-${id}`) },
  });

const test = sharedWorldTest((url) => ({
  deployments: [at(url, 'm'), at(url, 'chat-only', 'compatible')],
  guardrails: [],
})).extend<{
  client: OpenAI;
  provider: Provider;
  spend: () => ReturnType<typeof wholeSpendOf>;
  due: () => Promise<string[]>;
}>({
  client: async ({ gateway, key }, use) => {
    await use(clientOf(gateway, key));
  },
  provider: async ({ upstream }, use) => {
    await use(new Provider(upstream));
  },
  spend: async ({ owner, tenant }, use) => {
    await use(() => wholeSpendOf(owner, tenant.orgId));
  },
  due: async ({ db, tenant }, use) => {
    await use(async () => {
      const all = await listDueResponses(db, 1_000);
      return all.filter(({ orgId }) => orgId === tenant.orgId).map(({ id }) => id);
    });
  },
});

const clientOf = (gateway: RunningGateway, apiKey: string): OpenAI =>
  new OpenAI({ apiKey, baseURL: `${gateway.url}/v1`, maxRetries: 0 });

const look = (gateway: RunningGateway): Promise<void> => gateway.runJob('gateway.settleBackground');

let made = 0;
const USAGE = {
  input_tokens: 10,
  input_tokens_details: { cached_tokens: 0 },
  output_tokens: 5,
  output_tokens_details: { reasoning_tokens: 0 },
  total_tokens: 15,
};
const COST = 10n * 1_000n + 5n * 10_000n;

const frame = (event: { readonly type: string }): string =>
  `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`;

/** Makes responses in the background as OpenAI does; a test says how one goes on. */
class Provider {
  said: Record<string, unknown> = {};
  creates: 'takes' | 'refuses' | 'breaks' | 'answers' = 'takes';
  /** Of its streams: the reply that is written to. */
  stream: ServerResponse | undefined;

  constructor(upstream: FakeUpstream) {
    upstream.answer = (request, reply, body) => this.#answer(request, reply, body);
  }

  get id(): string {
    return this.said['id'] as string;
  }

  become(status: string, more: object = {}): void {
    this.said = { ...this.said, status, ...more };
  }

  write(...events: readonly { readonly type: string }[]): void {
    for (const event of events) this.stream?.write(frame(event));
  }

  #answer({ method, url = '' }: IncomingMessage, reply: ServerResponse, body: Buffer): void {
    const [, , id, what] = url.slice('/v1'.length).split('?')[0]?.split('/') ?? [];
    if (method === 'POST' && id === undefined) {
      const asked = JSON.parse(body.toString()) as Record<string, unknown>;
      if (this.creates === 'breaks') return void reply.destroy();
      if (this.creates === 'refuses')
        return answerJson(reply, { error: { message: 'not today' } }, { status: 400 });
      this.said = {
        id: `resp_up${++made}`,
        object: 'response',
        status: 'queued',
        background: asked['background'],
        output: [],
        usage: null,
        previous_response_id: asked['previous_response_id'] ?? null,
      };
      if (this.creates === 'answers') this.become('completed', { usage: USAGE });
      if (asked['stream'] !== true) return answerJson(reply, this.said);
      this.#begin(reply);
      this.write({ type: 'response.queued', response: this.said, sequence_number: 0 } as never);
      return undefined;
    }
    if (id !== this.id)
      return answerJson(reply, { error: { message: 'unknown' } }, { status: 404 });
    if (method === 'DELETE') return answerJson(reply, { id, object: 'response', deleted: true });
    if (what === 'cancel') this.become('cancelled');
    if (!url.includes('stream=true')) return answerJson(reply, this.said);
    return this.#begin(reply);
  }

  #begin(reply: ServerResponse): void {
    reply.writeHead(200, { 'content-type': 'text/event-stream' });
    reply.flushHeaders();
    this.stream = reply;
  }
}

const ask = (client: OpenAI, more: object = {}) =>
  client.responses.create({ model: 'm', input: 'hello', background: true, ...more });

describe('a response in the background', () => {
  test('is reserved whole, and settled by the poll that sees its end, before it is told (L1, L2)', async ({
    client,
    gateway,
    provider,
    owner,
    tenant,
    spend,
    upstream,
  }) => {
    const taken = await ask(client);
    expect(taken).toMatchObject({ status: 'queued' });
    expect(taken.id).toMatch(/^resp_s1\./);
    expect(JSON.parse(upstream.asked[0]?.body.toString() ?? '')).toMatchObject({
      model: 'up-m',
      background: true,
    });
    expect(await openReservations(owner, tenant.orgId)).toBe(1);
    provider.become('in_progress');
    expect((await client.responses.retrieve(taken.id)).status).toBe('in_progress');
    await look(gateway);
    expect(await spend()).toEqual([]);

    provider.become('completed', { usage: USAGE });
    const done = await client.responses.retrieve(taken.id);
    expect(done).toMatchObject({ status: 'completed', id: taken.id });
    expect(await spend()).toMatchObject([
      { cost: COST, input: 10n, output: 5n, source: 'provider', status: 'ok', deployment: 'm' },
    ]);
    expect(await openReservations(owner, tenant.orgId)).toBe(0);
    // Whoever else hears of it changes nothing.
    await client.responses.retrieve(taken.id);
    await look(gateway);
    expect(await spend()).toHaveLength(1);
    expect(await gateway.metrics()).toMatch(/^sagewai_model_calls_total\{.*"ok".*\} 1$/m);

    const next = await ask(client, { previous_response_id: taken.id });
    expect(next.previous_response_id).toBe(taken.id);
    const again = await client.responses.retrieve(next.id);
    // Sealed anew: another text, the same response; never the provider's (K3).
    expect(again.previous_response_id).toMatch(/^resp_s1\./);
  });

  test('is settled by the job where nobody asks for it, also by another server (L2)', async ({
    client,
    gateway,
    provider,
    due,
    spend,
    owner,
    tenant,
  }) => {
    await ask(client);
    // As at a server that was started since: all it knows is in the database.
    await expect.poll(due).toHaveLength(1);
    provider.become('failed', { error: { code: 'server_error', message: 'no' }, usage: USAGE });
    await look(gateway);
    expect(await spend()).toMatchObject([{ cost: COST, status: 'error', source: 'provider' }]);
    expect(await openReservations(owner, tenant.orgId)).toBe(0);
    expect(await due()).toEqual([]);
  });

  test('has a reservation where calls are admitted from shares: another server settles it (L2)', async ({
    db,
    gateway,
    provider,
    upstream,
    due,
    spend,
    owner,
    tenant,
  }) => {
    const { value } = await makeKey(db, tenant, { limits: { usdPerDay: 10n ** 15n } });
    const shares = { listenUrl: null, callsASecondMin: 1, idleMs: 60_000, ttlMs: 60_000 };
    const deployments = [at(upstream.url, 'm')];
    const holder = await startGateway(db, { deployments, ledger: { shares } });
    try {
      const client = clientOf(holder, value);
      provider.creates = 'answers';
      const held = async (): Promise<bigint> => {
        await client.responses.create({ model: 'm', input: 'hello' });
        return heldInShares(owner, tenant.orgId);
      };
      await expect.poll(held, { timeout: 20_000 }).toBeGreaterThan(0n);
      const before = (await spend()).length;
      provider.creates = 'takes';
      await ask(client);
      expect(await openReservations(owner, tenant.orgId)).toBe(1);
      await expect.poll(due).toHaveLength(1);
      provider.become('completed', { usage: USAGE });
      await look(gateway);
      const booked = await spend();
      expect(booked).toHaveLength(before + 1);
      expect(booked.at(-1)).toMatchObject({ cost: COST, source: 'provider', status: 'ok' });
      expect(await openReservations(owner, tenant.orgId)).toBe(0);
    } finally {
      await holder.close();
    }
  });

  test('that is cancelled is paid as far as it was made (L2)', async ({
    client,
    provider,
    spend,
    owner,
    tenant,
  }) => {
    const taken = await ask(client);
    provider.become('in_progress', { usage: USAGE });
    expect((await client.responses.cancel(taken.id)).status).toBe('cancelled');
    expect(await spend()).toMatchObject([{ cost: COST, status: 'aborted', source: 'provider' }]);
    expect(await changesOf(owner, tenant.orgId)).toContain('gateway.cancelResponse');
    // Where its provider does not say what was used, what it wrote is an estimate that says so (M3).
    const other = await ask(client);
    const output = [{ type: 'message', content: [{ type: 'output_text', text: 'x'.repeat(400) }] }];
    provider.become('in_progress', { output });
    await client.responses.cancel(other.id);
    const [, estimated] = await spend();
    expect(estimated).toMatchObject({ status: 'aborted', source: 'estimate' });
    expect(estimated?.output).toBeGreaterThan(50n);
  });

  test('cannot be deleted before its end, which would hide what it used', async ({
    client,
    provider,
    spend,
  }) => {
    const taken = await ask(client);
    await expect(client.responses.delete(taken.id)).rejects.toThrow(/cancel it/);
    provider.become('completed', { usage: USAGE });
    await client.responses.delete(taken.id);
    expect(await spend()).toMatchObject([{ cost: COST }]);
  });

  test('is refused without money, and its provider hears nothing (M7)', async ({
    gateway,
    provider,
    upstream,
    db,
    tenant,
    owner,
  }) => {
    const poor = await makeKey(db, tenant, { limits: { usdPerDay: 10_000_000n }, mayCap: false });
    await expect(ask(clientOf(gateway, poor.value))).rejects.toBeInstanceOf(OpenAI.RateLimitError);
    expect(upstream.asked).toEqual([]);
    expect(provider.id).toBeUndefined();
    expect(await openReservations(owner, tenant.orgId)).toBe(0);
  });

  test('that is refused costs nothing; one that may have been taken stays reserved (L3)', async ({
    client,
    gateway,
    provider,
    owner,
    tenant,
    spend,
  }) => {
    provider.creates = 'refuses';
    await expect(ask(client)).rejects.toThrow(/not today/);
    expect(await spend()).toMatchObject([{ cost: 0n, status: 'error' }]);
    expect(await openReservations(owner, tenant.orgId)).toBe(0);
    provider.creates = 'breaks';
    await expect(ask(client)).rejects.toMatchObject({ status: 502 });
    await look(gateway);
    expect(await spend()).toHaveLength(1);
    expect(await openReservations(owner, tenant.orgId)).toBeGreaterThan(0);
  });

  test('that its provider answers at once is settled at once', async ({
    client,
    provider,
    spend,
    due,
  }) => {
    provider.creates = 'answers';
    expect((await ask(client)).status).toBe('completed');
    expect(await spend()).toMatchObject([{ cost: COST, status: 'ok' }]);
    expect(await due()).toEqual([]);
  });

  test('goes on when the client of its stream leaves, which reads on where it was (L2)', async ({
    client,
    provider,
    upstream,
    spend,
    owner,
    tenant,
  }) => {
    const left = new AbortController();
    const stream = await client.responses.create(
      { model: 'm', input: 'x', background: true, stream: true },
      { signal: left.signal },
    );
    const first = await stream[Symbol.asyncIterator]().next();
    const { id } = (first.value as { response: { id: string } }).response;
    expect(id).toMatch(/^resp_s1\./);
    left.abort();
    await expect.poll(() => provider.stream?.destroyed).toBe(true);
    expect(await spend()).toEqual([]);
    expect(await openReservations(owner, tenant.orgId)).toBe(1);

    const rest = await client.responses.retrieve(id, { stream: true, starting_after: 0 });
    expect(upstream.asked.at(-1)?.url).toBe(
      `/v1/responses/${provider.id}?stream=true&starting_after=0`,
    );
    provider.become('completed', { usage: USAGE });
    const delta = { type: 'response.output_text.delta', delta: 'hi', sequence_number: 1 };
    const last = { type: 'response.completed', response: provider.said, sequence_number: 2 };
    provider.write(delta, last);
    provider.stream?.end();
    const events: { type: string }[] = [];
    for await (const event of rest) {
      events.push(event);
      // Booked before its end was told.
      if (event.type === 'response.completed') expect(await spend()).toHaveLength(1);
    }
    expect(events.map(({ type }) => type)).toEqual([delta.type, last.type]);
    expect(JSON.stringify(events)).not.toContain(provider.id);
    expect(JSON.stringify(events)).toContain(id);
    expect(await spend()).toMatchObject([{ cost: COST, status: 'ok', source: 'provider' }]);
  });

  test('that is streamed to its end is settled by its stream', async ({
    client,
    provider,
    spend,
    due,
  }) => {
    const stream = await client.responses.create({
      model: 'm',
      input: 'x',
      background: true,
      stream: true,
    });
    provider.become('completed', { usage: USAGE });
    for await (const event of stream) {
      if (event.type !== 'response.queued') continue;
      const last = { type: 'response.completed', response: provider.said, sequence_number: 2 };
      provider.write(last);
      provider.stream?.end();
    }
    expect(await spend()).toMatchObject([{ cost: COST, status: 'ok', source: 'provider' }]);
    expect(await due()).toEqual([]);
  });

  test('is another project’s to nobody, and refused by name where it cannot be (K1)', async ({
    client,
    gateway,
    provider,
    upstream,
    db,
  }) => {
    const taken = await ask(client);
    const stranger = clientOf(gateway, (await makeKey(db, await makeTenant(db))).value);
    await expect(stranger.responses.cancel(taken.id)).rejects.toBeInstanceOf(OpenAI.NotFoundError);
    await expect(stranger.responses.retrieve(taken.id, { stream: true })).rejects.toBeInstanceOf(
      OpenAI.NotFoundError,
    );
    await expect(ask(client, { store: false })).rejects.toThrow(/store must not be false/);
    await expect(ask(client, { model: 'chat-only' })).rejects.toThrow(/background is not known/);
    expect(upstream.asked).toHaveLength(1);
    provider.creates = 'answers';
    const waited = await client.responses.create({ model: 'm', input: 'x' });
    await expect(client.responses.cancel(waited.id)).rejects.toThrow(/made in the background/);
    await expect(client.responses.retrieve(waited.id, { stream: true })).rejects.toThrow(
      /made in the background/,
    );
  });
});

test('a row is made once, and ended once', async ({ db, tenant }) => {
  const { orgId, projectId } = tenant;
  const id = crypto.randomUUID();
  const manifest = {
    model: 'm',
    bodyBytes: 1,
    inputTokensMax: 2,
    outputTokensMax: 3,
    routing: null,
  };
  const row = { id, projectId, deployment: 'm', providerId: 'resp_1', manifest };
  const within = <T>(work: Parameters<typeof inTenant<T>>[2]) => inTenant(db, [orgId], work);
  await within((tx) => openResponse(tx, orgId, { ...row, dueInMs: 60_000 }));
  await within((tx) => openResponse(tx, orgId, { ...row, dueInMs: 0 }));
  expect(await within((tx) => findOpen(tx, orgId, id))).toMatchObject(row);
  expect((await listDueResponses(db, 10)).map((due) => due.id)).not.toContain(id);
  expect(await within((tx) => endOpen(tx, orgId, id))).toBe(true);
  expect(await within((tx) => endOpen(tx, orgId, id))).toBe(false);
  const other = await makeTenant(db);
  await within((tx) => openResponse(tx, orgId, { ...row, dueInMs: 0 }));
  expect(await inTenant(db, [other.orgId], (tx) => findOpen(tx, orgId, id))).toBeNull();
  await within((tx) => endOpen(tx, orgId, id));
});
