import type { IncomingMessage, ServerResponse } from 'node:http';

import Anthropic from '@anthropic-ai/sdk';
import { Secret } from '@sagewai/config';
import { ensureProject } from '@sagewai/identity';
import { inTenant } from '@sagewai/postgres';
import { makeTenant } from '@sagewai/testing';
import { describe, expect } from 'vitest';

import { changesOf, openReservations, wholeSpendOf } from '../fixture.sql.ts';
import {
  deploymentAt,
  type FakeUpstream,
  makeKey,
  PRICE,
  type RunningGateway,
} from '../gateway-fixture.ts';
import { findPatterns } from '../guardrails/find-patterns.ts';
import { guardrailOf } from '../guardrails/guardrail-fixture.ts';
import { flatPrice, halfOf, ratesOf } from '../money/price.ts';
import { answerJson, sharedWorldTest } from '../world-fixture.ts';
import { messageBatchIdOf } from './batch.ts';
import { insertBatch, noteSaid, openBatch, putFile } from './batches.sql.ts';

const CACHED = flatPrice(
  ratesOf({ input: 500n, cacheWrite: 600n, cacheWriteHour: 6_000n, output: 1n }),
);

const deployment = (url: string, id: string, provider: 'openai' | 'anthropic' = 'anthropic') =>
  deploymentAt(url, {
    id,
    model: id,
    upstreamModel: `up-${id}`,
    endpoint: { provider, baseUrl: url, credential: new Secret(`sk-${id}`) },
    media: { batch: halfOf(PRICE) },
  });

const clientOf = (gateway: RunningGateway, apiKey: string): Anthropic =>
  new Anthropic({ apiKey, baseURL: gateway.url, maxRetries: 0 });

const test = sharedWorldTest((url) => ({
  deployments: [
    deployment(url, 'claude'),
    deployment(url, 'other'),
    deployment(url, 'gpt', 'openai'),
    { ...deployment(url, 'unpriced'), price: undefined, media: {} },
    { ...deployment(url, 'open'), classificationMax: 'public' },
    { ...deployment(url, 'cached'), media: { batch: CACHED } },
  ],
  guardrails: [
    guardrailOf({
      name: 'no-secrets',
      kind: 'regex',
      action: 'block',
      isDefault: false,
      find: findPatterns([{ what: 'SECRET', pattern: 'sesame' }]),
    }),
  ],
})).extend<{
  client: Anthropic;
  provider: Provider;
  spend: () => ReturnType<typeof wholeSpendOf>;
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
});

let made = 0;

interface Theirs {
  readonly said: Record<string, unknown>;
  readonly lines: readonly object[];
}

/** Keeps batches as Anthropic does; a test says how a batch goes on. */
class Provider {
  readonly batches = new Map<string, Theirs>();
  refuses: 'no' | 'status' | 'breaks' = 'no';

  constructor(upstream: FakeUpstream) {
    upstream.answer = (request, reply) => this.#answer(request, reply);
  }

  /** The one batch of the test. */
  finish(lines: readonly object[], more: object = {}): void {
    const [[id, { said }] = ['', { said: {} }]] = this.batches;
    const succeeded = lines.length;
    this.batches.set(id, {
      said: {
        ...said,
        processing_status: 'ended',
        ended_at: '2026-11-28T12:00:00Z',
        request_counts: { processing: 0, succeeded, errored: 0, canceled: 0, expired: 0 },
        // Wherever it says that they are, the credential goes nowhere else.
        results_url: `https://elsewhere.example/v1/messages/batches/${id}/results`,
        ...more,
      },
      lines,
    });
  }

  #answer({ method, url = '' }: IncomingMessage, reply: ServerResponse): void {
    const [path = ''] = url.split('?');
    const [id = '', what] = path.slice('/v1/messages/batches/'.length).split('/');
    const found = this.batches.get(id);
    if (method === 'POST' && id === '') return this.#create(reply);
    if (found === undefined) return refuse(reply, 404, 'not_found_error', 'no such batch');
    if (what === 'results') {
      reply.writeHead(200, { 'content-type': 'application/binary' });
      return void reply.end(found.lines.map((one) => `${JSON.stringify(one)}\n`).join(''));
    }
    if (method === 'DELETE') {
      this.batches.delete(id);
      return answerJson(reply, { id, type: 'message_batch_deleted' });
    }
    if (what === 'cancel') {
      const cancelled = { processing_status: 'canceling', cancel_initiated_at: 'now' };
      this.batches.set(id, { ...found, said: { ...found.said, ...cancelled } });
    }
    answerJson(reply, this.batches.get(id)?.said ?? {});
  }

  #create(reply: ServerResponse): void {
    if (this.refuses === 'breaks') return void reply.destroy();
    if (this.refuses === 'status')
      return refuse(reply, 400, 'invalid_request_error', 'the quota is used up');
    const id = `msgbatch_up${++made}`;
    const said = {
      id,
      type: 'message_batch',
      processing_status: 'in_progress',
      request_counts: { processing: 1, succeeded: 0, errored: 0, canceled: 0, expired: 0 },
      created_at: '2026-11-28T11:00:00Z',
      expires_at: '2026-11-29T11:00:00Z',
      ended_at: null,
      archived_at: null,
      cancel_initiated_at: null,
      results_url: null,
    };
    this.batches.set(id, { said, lines: [] });
    answerJson(reply, said);
  }
}

function refuse(reply: ServerResponse, status: number, type: string, message: string): void {
  answerJson(reply, { type: 'error', error: { type, message } }, { status });
}

const ask = (model: string, id: string, max_tokens = 50, content = 'hello') => ({
  custom_id: id,
  params: { model, max_tokens, messages: [{ role: 'user' as const, content }] },
});

const start = (client: Anthropic, ...requests: ReturnType<typeof ask>[]) =>
  client.messages.batches.create({ requests });

const succeeded = (id: string, input_tokens: number, output_tokens: number) => ({
  custom_id: id,
  result: {
    type: 'succeeded',
    message: {
      id: 'msg_1',
      type: 'message',
      role: 'assistant',
      model: 'up-claude',
      content: [{ type: 'text', text: `for ${id}` }],
      stop_reason: 'end_turn',
      usage: { input_tokens, output_tokens },
    },
  },
});
const errored = (id: string) => ({
  custom_id: id,
  result: { type: 'errored', error: { type: 'error', error: { type: 'api_error', message: 'x' } } },
});

const book = (gateway: RunningGateway): Promise<void> => gateway.runJob('gateway.settleBatches');

describe('a batch of messages', () => {
  test('is reserved whole, and booked at half the price by what its requests used (B1, B2, B3)', async ({
    client,
    gateway,
    provider,
    upstream,
    owner,
    tenant,
    spend,
  }) => {
    const requests = [ask('claude', 'a'), ask('claude', 'b'), ask('claude', 'c')];
    const batch = await client.beta.messages.batches.create({ requests, betas: ['output-300k'] });
    expect(batch).toMatchObject({ type: 'message_batch', processing_status: 'in_progress' });
    const [sent] = upstream.asked;
    expect(sent).toMatchObject({
      url: '/v1/messages/batches',
      headers: { 'x-api-key': 'sk-claude', 'anthropic-version': '2026-10-21' },
    });
    expect(sent?.headers['anthropic-beta']).toContain('output-300k');
    const asSent = JSON.stringify({ requests }).replaceAll('"claude"', '"up-claude"');
    expect(sent?.body.toString()).toBe(asSent);
    expect(await openReservations(owner, tenant.orgId)).toBe(1);
    await book(gateway);
    expect(await spend()).toEqual([]);
    await expect(client.messages.batches.results(batch.id)).rejects.toThrow(/results_url/);

    provider.finish([succeeded('a', 10, 4), errored('b'), succeeded('c', 20, 6)]);
    await book(gateway);
    await book(gateway);
    expect(await spend()).toMatchObject([
      {
        cost: 30n * 500n + 10n * 5_000n,
        input: 30n,
        output: 10n,
        source: 'provider',
        status: 'ok',
        deployment: 'claude',
      },
    ]);
    expect(await openReservations(owner, tenant.orgId)).toBe(0);

    const done = await client.messages.batches.retrieve(batch.id);
    expect(done.processing_status).toBe('ended');
    const told: string[] = [];
    for await (const { custom_id: id, result } of await client.messages.batches.results(batch.id))
      told.push(`${id} ${result.type}`);
    expect(told).toEqual(['a succeeded', 'b errored', 'c succeeded']);
    // No id of the provider's was told (B3).
    for (const theirs of provider.batches.keys()) {
      expect(JSON.stringify([batch, done])).not.toContain(theirs);
    }
    const keys = upstream.asked.map(({ headers }) => headers['x-api-key']);
    expect(new Set(keys)).toEqual(new Set(['sk-claude']));

    const deleted = await client.messages.batches.delete(batch.id);
    expect(deleted).toMatchObject({ id: batch.id, type: 'message_batch_deleted' });
    expect(provider.batches.size).toBe(0);
    const missing = Anthropic.NotFoundError;
    await expect(client.messages.batches.retrieve(batch.id)).rejects.toBeInstanceOf(missing);
    expect((await client.messages.batches.list()).data).toEqual([]);
    expect(await changesOf(owner, tenant.orgId)).toEqual(
      expect.arrayContaining(['gateway.createMessageBatch', 'gateway.deleteMessageBatch']),
    );
  });

  test('is listed, page after page, and back', async ({ client, provider }) => {
    const ids: string[] = [];
    for (const id of ['a', 'b', 'c']) ids.unshift((await start(client, ask('claude', id))).id);
    expect(provider.batches.size).toBe(3);
    const listed: string[] = [];
    for await (const { id } of client.messages.batches.list({ limit: 2 })) listed.push(id);
    expect(listed).toEqual(ids);
    const before: string[] = [];
    const query = { limit: 1, before_id: ids[2] ?? '' };
    for await (const { id } of client.messages.batches.list(query)) before.push(id);
    expect(before).toEqual([ids[1], ids[0]]);
  });

  test('that the money does not allow is not made, and its provider hears nothing (B1, M7)', async ({
    gateway,
    upstream,
    provider,
    db,
    tenant,
    owner,
  }) => {
    const poorKey = await makeKey(db, tenant, { limits: { usdPerDay: 3n * 200n * 5_000n } });
    const poor = clientOf(gateway, poorKey.value);
    const requests = ['a', 'b', 'c'].map((id) => ask('claude', id, 200));
    await expect(start(poor, ...requests)).rejects.toBeInstanceOf(Anthropic.RateLimitError);
    expect(upstream.asked).toEqual([]);
    expect(await openReservations(owner, tenant.orgId)).toBe(0);
    await start(poor, ask('claude', 'a', 10));
    expect(provider.batches.size).toBe(1);
  });

  test('that asks for an hour of cache is reserved at what that can cost (B1)', async ({
    gateway,
    provider,
    db,
    tenant,
  }) => {
    const hourly = (ttl: '5m' | '1h') => ({
      custom_id: 'a',
      params: {
        model: 'cached',
        max_tokens: 1,
        messages: [
          {
            role: 'user' as const,
            content: [
              {
                type: 'text' as const,
                text: 'hello',
                cache_control: { type: 'ephemeral' as const, ttl },
              },
            ],
          },
        ],
      },
    });
    const { value } = await makeKey(db, tenant, { limits: { usdPerDay: 3_000n * 600n } });
    const { batches } = clientOf(gateway, value).messages;
    const hour = batches.create({ requests: [hourly('1h')] });
    await expect(hour).rejects.toBeInstanceOf(Anthropic.RateLimitError);
    expect(provider.batches.size).toBe(0);
    await batches.create({ requests: [hourly('5m')] });
    expect(provider.batches.size).toBe(1);
  });

  test('that is cancelled is paid as far as it was done, and deleted only when it is over (B2)', async ({
    client,
    gateway,
    provider,
    spend,
  }) => {
    const batch = await start(client, ask('claude', 'a'), ask('claude', 'b'));
    const early = client.messages.batches.delete(batch.id);
    await expect(early).rejects.toBeInstanceOf(Anthropic.ConflictError);
    expect(provider.batches.size).toBe(1);
    const cancelled = await client.messages.batches.cancel(batch.id);
    expect(cancelled.processing_status).toBe('canceling');
    await book(gateway);
    expect(await spend()).toEqual([]);
    provider.finish([succeeded('a', 10, 4)]);
    // Before anybody has asked after it: what it used is read first.
    await client.messages.batches.delete(batch.id);
    expect(await spend()).toMatchObject([{ cost: 10n * 500n + 4n * 5_000n, status: 'aborted' }]);
  });

  test('whose results cannot be read is asked for again; one of which nothing succeeded costs nothing (B2, M3)', async ({
    client,
    gateway,
    provider,
    owner,
    tenant,
    spend,
  }) => {
    await start(client, ask('claude', 'a'));
    provider.finish([succeeded('a', 1, 1)], { results_url: null });
    await book(gateway);
    expect(await spend()).toEqual([]);
    expect(await openReservations(owner, tenant.orgId)).toBe(1);
    const counts = { processing: 0, succeeded: 0, errored: 1, canceled: 0, expired: 0 };
    provider.finish([errored('a')], { request_counts: counts });
    await expect
      .poll(() => book(gateway).then(spend))
      .toMatchObject([{ cost: 0n, status: 'error' }]);
  });

  test('whose provider refuses it costs nothing, and says why in its words; one that breaks off stays reserved (M2)', async ({
    client,
    provider,
    owner,
    tenant,
    spend,
  }) => {
    provider.refuses = 'status';
    const error = { type: 'invalid_request_error', message: 'the quota is used up' };
    await expect(start(client, ask('claude', 'a'))).rejects.toMatchObject({
      status: 400,
      error: { type: 'error', error },
    });
    expect(await openReservations(owner, tenant.orgId)).toBe(0);
    expect(await spend()).toMatchObject([{ cost: 0n, status: 'error' }]);
    provider.refuses = 'breaks';
    await expect(start(client, ask('claude', 'a'))).rejects.toMatchObject({ status: 502 });
    expect(await openReservations(owner, tenant.orgId)).toBe(1);
  });

  test('is not there for another project (B3)', async ({
    client,
    gateway,
    key,
    provider,
    upstream,
    db,
    tenant,
  }) => {
    const { id } = await start(client, ask('claude', 'a'));
    provider.finish([succeeded('a', 1, 1)]);
    const beside = await inTenant(db, [tenant.orgId], (tx) =>
      ensureProject(tx, { orgId: tenant.orgId, name: 'beside', actor: 'test' }),
    );
    const asked = upstream.asked.length;
    for (const owner of [await makeTenant(db), { orgId: tenant.orgId, projectId: beside.id }]) {
      const { value } = await makeKey(db, owner);
      const { batches } = clientOf(gateway, value).messages;
      const missing = Anthropic.NotFoundError;
      await expect(batches.retrieve(id)).rejects.toBeInstanceOf(missing);
      await expect(batches.cancel(id)).rejects.toBeInstanceOf(missing);
      await expect(batches.delete(id)).rejects.toBeInstanceOf(missing);
      const results = await fetch(`${gateway.url}/v1/messages/batches/${id}/results`, {
        headers: { 'x-api-key': value },
      });
      expect(results.status).toBe(404);
      expect((await batches.list()).data).toEqual([]);
    }
    // Nor is it one of OpenAI's, though it has the same tables; nor the other way round.
    const headers = { 'x-api-key': key };
    const read = async (path: string) => {
      const answer = await fetch(`${gateway.url}${path}`, { headers });
      return { status: answer.status, body: await answer.json() };
    };
    expect(await read(`/v1/batches/${id}`)).toMatchObject({ status: 404 });
    expect(await read('/v1/batches')).toMatchObject({ body: { data: [] } });
    const theirs = '0199aaaa-0000-7000-8000-000000000001';
    await inTenant(db, [tenant.orgId], async (tx) => {
      const of = { deployment: 'claude', providerId: 'f', filename: 'f', bytes: 1n };
      await putFile(tx, tenant, { ...of, id: 'file-1', purpose: 'batch', manifest: null });
      const batch = { id: theirs, deployment: 'claude', inputFileId: 'file-1', manifest: null };
      await insertBatch(tx, tenant, { ...batch, dueInMs: 1e9 });
      await openBatch(tx, tenant, { id: theirs, providerId: 'b', dueInMs: 1e9 });
      await noteSaid(tx, tenant.orgId, { id: theirs, said: { id: theirs } });
    });
    const named = `/v1/messages/batches/${messageBatchIdOf(theirs)}`;
    expect(await read(named)).toMatchObject({ status: 404 });
    expect((await client.messages.batches.list()).data.map((batch) => batch.id)).toEqual([id]);
    expect(upstream.asked).toHaveLength(asked);
  });

  test('is refused by its request, its model, its price, its data or a guardrail (M4, W1)', async ({
    client,
    gateway,
    key,
    upstream,
  }) => {
    const two = start(client, ask('claude', 'a'), ask('other', 'b'));
    await expect(two).rejects.toThrow(/requests\/1: .*one `model`/);
    const same = start(client, ask('claude', 'a'), ask('claude', 'a'));
    await expect(same).rejects.toThrow(/custom_id. is there twice/);
    const streamed = { ...ask('claude', 'a') };
    Object.assign(streamed.params, { stream: true });
    await expect(start(client, streamed)).rejects.toThrow(/not for batches/);
    const unbounded = ask('claude', 'a');
    Object.assign(unbounded.params, { max_tokens: null });
    await expect(start(client, unbounded)).rejects.toThrow(/no request of messages/);
    const fast = ask('claude', 'a');
    Object.assign(fast.params, { speed: 'fast' });
    await expect(start(client, fast)).rejects.toThrow(/what `speed` costs in a batch/);
    await expect(start(client, ask('gpt', 'a'))).rejects.toThrow(/has no batches here/);
    await expect(start(client, ask('unpriced', 'a'))).rejects.toThrow(/price is not known/);
    const headers = { 'x-data-classification': 'restricted' };
    const secret = client.messages.batches.create({ requests: [ask('open', 'a')] }, { headers });
    await expect(secret).rejects.toBeInstanceOf(Anthropic.PermissionDeniedError);
    const post = (body: string) => gateway.post('/v1/messages/batches', body, { 'x-api-key': key });
    const guarded = await post(
      JSON.stringify({
        requests: [ask('claude', 'a'), ask('claude', 'b', 5, 'open sesame')],
        guardrails: ['no-secrets'],
      }),
    );
    expect(guarded.status).toBe(400);
    expect(await guarded.text()).toContain('no-secrets');
    // Two parsers could read two models.
    const twice = JSON.stringify({ requests: [ask('claude', 'a')] }).replace(
      '"model":"claude"',
      '"model":"claude","Model":"other"',
    );
    for (const body of [twice, twice.replace('"params"', '"params":{},"params"')]) {
      expect((await post(body)).status).toBe(400);
    }
    expect(upstream.asked).toEqual([]);
  });
});
