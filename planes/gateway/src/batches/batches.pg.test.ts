import assert from 'node:assert/strict';
import type { IncomingMessage, ServerResponse } from 'node:http';

import { Secret } from '@sagewai/config';
import { ensureProject } from '@sagewai/identity';
import { inTenant } from '@sagewai/postgres';
import { makeTenant } from '@sagewai/testing';
import OpenAI, { toFile } from 'openai';
import { describe, expect } from 'vitest';

import { changesOf, openReservations, wholeSpendOf } from '../fixture.sql.ts';
import {
  deploymentAt,
  type FakeUpstream,
  makeKey,
  PRICE,
  type RunningGateway,
} from '../gateway-fixture.ts';
import { curlAs, makeToken } from '../litellm/fixture.sql.ts';
import { halfOf } from '../money/price.ts';
import { mistakesIn } from '../openai-answers-fixture.ts';
import { limitSoftly } from '../soft-budgets/fixture.sql.ts';
import { answerJson, sharedWorldTest } from '../world-fixture.ts';

const deployment = (url: string, id: string, provider: 'openai' | 'anthropic' = 'openai') =>
  deploymentAt(url, {
    id,
    model: id,
    upstreamModel: `up-${id}`,
    endpoint: { provider, baseUrl: url, credential: new Secret(`sk-${id}`) },
    media: { batch: halfOf(PRICE) },
  });

const clientOf = (gateway: RunningGateway, apiKey: string): OpenAI =>
  new OpenAI({ apiKey, baseURL: `${gateway.url}/v1`, maxRetries: 0 });

const test = sharedWorldTest((url) => ({
  deployments: [
    deployment(url, 'm'),
    deployment(url, 'other'),
    deployment(url, 'claude', 'anthropic'),
    { ...deployment(url, 'unpriced'), price: undefined, media: {} },
    { ...deployment(url, 'open'), classificationMax: 'public' },
  ],
  soft: { refreshMs: 1, ageMsMax: 1 },
})).extend<{ client: OpenAI; provider: Provider; spend: () => ReturnType<typeof wholeSpendOf> }>({
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

/** Keeps files and batches as OpenAI does; a test says how a batch goes on. */
class Provider {
  readonly files = new Map<string, Buffer>();
  readonly batches = new Map<string, Record<string, unknown>>();
  refuses: 'no' | 'status' | 'key' | 'page' | 'nameless' | 'breaks' = 'no';
  /** One id for the same bytes, as some servers have it. */
  dedupes = false;
  /** Of whoever makes a batch: waited for before it is answered. */
  held: Promise<void> | undefined;

  constructor(upstream: FakeUpstream) {
    upstream.answer = (request, reply, body) => this.#answer(request, reply, body);
  }

  /** The one batch of the test. */
  get id(): string {
    return [...this.batches.keys()][0] ?? '';
  }

  finish(status: string, lines: readonly object[], more: object = {}): void {
    const id = `file-out${++made}`;
    this.files.set(id, Buffer.from(lines.map((one) => `${JSON.stringify(one)}\n`).join('')));
    const output = lines.length === 0 ? {} : { output_file_id: id };
    this.batches.set(this.id, { ...this.batches.get(this.id), status, ...output, ...more });
  }

  #answer({ method, url = '' }: IncomingMessage, reply: ServerResponse, body: Buffer): void {
    const [, kind, id = '', what] = url.slice('/v1'.length).split('/');
    if (kind === 'files' && method === 'POST') {
      const made = this.#keepFile(body);
      answerJson(reply, this.#fileOf(made));
    } else if (kind === 'files' && what === 'content' && this.files.has(id)) {
      reply.writeHead(200, { 'content-type': 'application/jsonl' });
      // In two packets, as files of any size come: the second once the first was passed on or kept.
      const content = Buffer.from(this.files.get(id) ?? '');
      reply.write(content.subarray(0, 10));
      setTimeout(() => reply.end(content.subarray(10)), 20);
    } else if (kind === 'files' && method === 'DELETE') {
      this.files.delete(id);
      answerJson(reply, { id, object: 'file', deleted: true });
    } else if (kind === 'files' && this.files.has(id)) {
      answerJson(reply, this.#fileOf(id));
    } else if (kind === 'batches' && method === 'POST' && id === '') {
      this.#create(reply, JSON.parse(body.toString()) as Record<string, unknown>);
    } else if (kind === 'batches' && this.batches.has(id)) {
      if (what === 'cancel') this.finish('cancelling', []);
      answerJson(reply, this.batches.get(id) ?? {});
    } else answerJson(reply, { error: { message: 'no such thing' } }, { status: 404 });
  }

  #keepFile(body: Buffer): string {
    const start = body.indexOf('\r\n\r\n', body.indexOf('filename=')) + 4;
    const id = this.dedupes ? 'file-same' : `file-up${++made}`;
    this.files.set(id, body.subarray(start, body.lastIndexOf('\r\n--')));
    return id;
  }

  #fileOf(id: string): object {
    const bytes = this.files.get(id)?.length;
    return {
      id,
      object: 'file',
      bytes,
      created_at: 1,
      filename: 'f.jsonl',
      purpose: 'batch',
      status: 'processed',
    };
  }

  #create(reply: ServerResponse, asked: Record<string, unknown>): void {
    if (this.refuses === 'breaks') return void reply.destroy();
    if (this.refuses === 'key')
      return answerJson(reply, { error: { message: 'no such key' } }, { status: 401 });
    if (this.refuses === 'page') {
      reply.writeHead(413, { 'content-type': 'text/html' });
      return void reply.end('<h1>too large</h1>');
    }
    if (this.refuses === 'nameless') return answerJson(reply, { object: 'batch' });
    if (this.refuses === 'status')
      return answerJson(reply, { error: { message: 'the quota is used up' } }, { status: 400 });
    const id = `batch_up${++made}`;
    const batch = { id, object: 'batch', status: 'validating', created_at: 1, ...asked };
    this.batches.set(id, batch);
    const { held = Promise.resolve() } = this;
    void held.then(() => answerJson(reply, batch));
  }
}

const line = (model: string, id: string, tokens = 50): string =>
  JSON.stringify({
    custom_id: id,
    method: 'POST',
    url: '/v1/chat/completions',
    body: { model, messages: [{ role: 'user', content: 'hello' }], max_tokens: tokens },
  });

const upload = async (client: OpenAI, ...lines: readonly string[]) =>
  client.files.create({
    file: await toFile(Buffer.from(lines.join('\n')), 'requests.jsonl'),
    purpose: 'batch',
  });

const start = (client: OpenAI, fileId: string) =>
  client.batches.create({
    input_file_id: fileId,
    endpoint: '/v1/chat/completions',
    completion_window: '24h',
  });

const answered = (id: string, prompt: number, completion: number) => ({
  id: `r-${id}`,
  custom_id: id,
  response: {
    status_code: 200,
    body: { usage: { prompt_tokens: prompt, completion_tokens: completion } },
  },
  error: null,
});
const failed = (id: string) => ({ custom_id: id, response: { status_code: 500, body: {} } });

const look = (gateway: RunningGateway): Promise<void> => gateway.runJob('gateway.settleBatches');

describe('a batch', () => {
  test('is reserved whole, and booked at half the price by what its lines used (B1, B2, B3)', async ({
    client,
    gateway,
    provider,
    upstream,
    owner,
    tenant,
    spend,
  }) => {
    const file = await upload(client, line('m', 'a'), line('m', 'b'), line('m', 'c'));
    expect(mistakesIn('OpenAIFile', file)).toBe('');
    const [sent = Buffer.alloc(0)] = provider.files.values();
    expect(sent.toString()).toBe(
      [line('up-m', 'a'), line('up-m', 'b'), line('up-m', 'c'), ''].join('\n'),
    );
    const batch = await start(client, file.id);
    expect(mistakesIn('Batch', batch)).toBe('');
    expect(batch).toMatchObject({ status: 'validating', input_file_id: file.id });
    expect(await openReservations(owner, tenant.orgId)).toBe(1);
    await look(gateway);
    expect(await spend()).toEqual([]);

    provider.finish('completed', [answered('a', 10, 4), failed('b'), answered('c', 20, 6)]);
    await look(gateway);
    await look(gateway);
    expect(await spend()).toMatchObject([
      {
        cost: 30n * 500n + 10n * 5_000n,
        input: 30n,
        output: 10n,
        source: 'provider',
        status: 'ok',
        deployment: 'm',
      },
    ]);
    expect(await openReservations(owner, tenant.orgId)).toBe(0);
    expect(await gateway.metrics()).toMatch(/^sagewai_model_spend_usd_total\{.*\} 6\.5e-8$/m);

    const done = await client.batches.retrieve(batch.id);
    expect(done.status).toBe('completed');
    const output = done.output_file_id ?? '';
    expect((await client.batches.retrieve(batch.id)).output_file_id).toBe(output);
    const content = await (await client.files.content(output)).text();
    const lines = content.trim().split('\n');
    expect(lines.map((line) => typeof JSON.parse(line))).toEqual(['object', 'object', 'object']);
    expect((await client.batches.list()).data.map(({ id }) => id)).toEqual([batch.id]);
    expect((await client.files.list()).data.map(({ id }) => id).toSorted()).toEqual(
      [file.id, output].toSorted(),
    );
    // No id of the provider's was told (B3).
    for (const theirs of [...provider.files.keys(), ...provider.batches.keys()]) {
      expect(JSON.stringify([file, batch, done])).not.toContain(theirs);
    }
    expect(new Set(upstream.asked.map(({ headers }) => headers.authorization))).toEqual(
      new Set(['Bearer sk-m']),
    );
    await client.files.delete(file.id);
    await expect(client.files.retrieve(file.id)).rejects.toBeInstanceOf(OpenAI.NotFoundError);
    expect(await changesOf(owner, tenant.orgId)).toEqual(
      expect.arrayContaining(['gateway.createFile', 'gateway.createBatch', 'gateway.deleteFile']),
    );
  });

  test('that the money does not allow is not made, and its provider hears nothing (B1, M7)', async ({
    gateway,
    provider,
    db,
    tenant,
    owner,
  }) => {
    // Three lines of 200 tokens of output at half the price; their input beside.
    const lines = ['a', 'b', 'c'].map((id) => line('m', id, 200));
    const poorKey = await makeKey(db, tenant, { limits: { usdPerDay: 3n * 200n * 5_000n } });
    const poor = clientOf(gateway, poorKey.value);
    const file = await upload(poor, ...lines);
    await expect(start(poor, file.id)).rejects.toBeInstanceOf(OpenAI.RateLimitError);
    expect(provider.batches.size).toBe(0);
    expect(await openReservations(owner, tenant.orgId)).toBe(0);
    const one = await upload(poor, line('m', 'a', 10));
    await start(poor, one.id);
    expect(provider.batches.size).toBe(1);
  });

  test('is held to the soft limit of its agent and to the contexts that it names (F1, X1)', async ({
    gateway,
    provider,
    db,
    key,
    tenant,
  }) => {
    const as = (defaultHeaders: Record<string, string>): OpenAI =>
      new OpenAI({ apiKey: key, baseURL: `${gateway.url}/v1`, maxRetries: 0, defaultHeaders });
    const narrow = as({ 'x-sagewai-context': 'tokens=1000000,requests=60,usd=0.0000001' });
    const file = await upload(narrow, line('m', 'a', 200));
    await expect(start(narrow, file.id)).rejects.toThrow(/of this context/);
    for (const [agent, action] of [
      ['stopped', 'stop'],
      ['warned', 'throttle'],
    ] as const) {
      await limitSoftly(db, tenant, { agent, action });
      const spent = { agent_name: agent, cost_usd: '0.01' };
      await gateway.post('/api/v1/budget/spend', spent, { authorization: `Bearer ${key}` });
    }
    // Nor beyond what each end user may have: of the one that its header names.
    const admin = curlAs(gateway, await makeToken(db, tenant, ['admin']));
    const path = `PUT /api/v1/facet-limits/project/${tenant.projectId}/end_user`;
    expect((await admin(path, { usd_per_day: '0.0000001' })).status).toBe(200);
    const bob = as({ 'x-sagewai-end-user': 'bob' });
    await expect(start(bob, file.id)).rejects.toThrow(/the end user/);
    const stopped = as({ 'x-sagewai-agent': 'stopped' });
    await expect(start(stopped, file.id)).rejects.toThrow(/Daily budget exceeded/);
    expect(provider.batches.size).toBe(0);
    const { response } = await as({ 'x-sagewai-agent': 'warned' })
      .batches.create({
        input_file_id: file.id,
        endpoint: '/v1/chat/completions',
        completion_window: '24h',
      })
      .withResponse();
    expect(response.headers.get('x-sagewai-budget')).toMatch(/^warn; Daily budget exceeded/);
    expect(provider.batches.size).toBe(1);
  });

  test('that is cancelled is paid as far as it was done (B2)', async ({
    client,
    gateway,
    provider,
    spend,
  }) => {
    const batch = await start(client, (await upload(client, line('m', 'a'), line('m', 'b'))).id);
    expect((await client.batches.cancel(batch.id)).status).toBe('cancelling');
    await look(gateway);
    expect(await spend()).toEqual([]);
    provider.finish('cancelled', [answered('a', 10, 4)]);
    await look(gateway);
    expect(await spend()).toMatchObject([{ cost: 10n * 500n + 4n * 5_000n, status: 'aborted' }]);
  });

  test('whose provider refuses it costs nothing; one that breaks off stays reserved (M2)', async ({
    client,
    gateway,
    provider,
    owner,
    tenant,
    spend,
  }) => {
    const file = await upload(client, line('m', 'a'));
    provider.refuses = 'status';
    await expect(start(client, file.id)).rejects.toThrow(/quota is used up/);
    expect(await openReservations(owner, tenant.orgId)).toBe(0);
    expect(await spend()).toMatchObject([{ cost: 0n, status: 'error' }]);
    // Its refusal of our key, and one that is a page of some proxy, are refusals too.
    provider.refuses = 'key';
    await expect(start(client, file.id)).rejects.toMatchObject({ status: 502 });
    provider.refuses = 'page';
    await expect(start(client, file.id)).rejects.toMatchObject({ status: 502 });
    expect(await openReservations(owner, tenant.orgId)).toBe(0);
    expect((await spend()).map(({ cost }) => cost)).toEqual([0n, 0n, 0n]);
    provider.refuses = 'breaks';
    await expect(start(client, file.id)).rejects.toMatchObject({ status: 502 });
    await look(gateway);
    // It may have been made: it is booked in full when it expires.
    expect(await openReservations(owner, tenant.orgId)).toBe(1);
    provider.refuses = 'nameless';
    await expect(start(client, file.id)).rejects.toMatchObject({ status: 502 });
    expect(await openReservations(owner, tenant.orgId)).toBe(2);
    expect(await spend()).toHaveLength(3);
  });

  test('that is asked after while it is being made is not lost (B2)', async ({
    client,
    gateway,
    provider,
    upstream,
    spend,
  }) => {
    const file = await upload(client, line('m', 'a'));
    const asked = upstream.asked.length;
    let letGo = (): void => {};
    provider.held = new Promise((resolve) => (letGo = resolve));
    const making = start(client, file.id);
    await expect.poll(() => upstream.asked.length).toBe(asked + 1);
    await look(gateway);
    letGo();
    const batch = await making;
    expect((await client.batches.retrieve(batch.id)).status).toBe('validating');
    provider.finish('completed', [answered('a', 10, 4)]);
    await look(gateway);
    expect(await spend()).toMatchObject([{ cost: 10n * 500n + 4n * 5_000n }]);
  });

  test('whose output cannot be read is asked for again, and is not booked as nothing (B2, M3)', async ({
    client,
    gateway,
    provider,
    owner,
    tenant,
    spend,
  }) => {
    await start(client, (await upload(client, line('m', 'a'))).id);
    // Nor where it does not say how many were answered.
    for (const request_counts of [{ total: 1, completed: 1, failed: 0 }, undefined]) {
      provider.finish('completed', [], { request_counts });
      await look(gateway);
      expect(await spend()).toEqual([]);
    }
    expect(await openReservations(owner, tenant.orgId)).toBe(1);
    provider.finish('completed', [answered('a', 10, 4)]);
    await look(gateway);
    expect(await spend()).toMatchObject([{ cost: 10n * 500n + 4n * 5_000n }]);
  });

  test('that says neither what it answered nor how much is not booked as nothing (B2)', async ({
    client,
    gateway,
    provider,
    spend,
  }) => {
    await start(client, (await upload(client, line('m', 'a'))).id);
    for (const status of ['completed', 'expired', 'cancelled']) {
      provider.finish(status, []);
      await expect
        .poll(() => look(gateway).then(() => client.batches.list()))
        .toMatchObject({ data: [{ status }] });
      expect([status, await spend()]).toEqual([status, []]);
    }
    provider.finish('failed', []);
    await expect
      .poll(() => look(gateway).then(spend))
      .toMatchObject([{ cost: 0n, status: 'error' }]);
  });

  test('of a project with a credential of its own is made and booked with it (B2, M6)', async ({
    client,
    gateway,
    provider,
    upstream,
    db,
    tenant,
    spend,
  }) => {
    const admin = curlAs(gateway, await makeToken(db, tenant, ['admin']));
    const body = { key: 'sk-of-the-project', base_url: upstream.url };
    const set = await admin(`PUT /api/v1/projects/${tenant.projectId}/credential`, body);
    expect(set.status).toBe(200);
    await gateway.runJob('gateway.refreshStoredModels');
    await start(client, (await upload(client, line('m', 'a'))).id);
    provider.finish('completed', [answered('a', 10, 4)]);
    await expect
      .poll(() => look(gateway).then(spend))
      .toMatchObject([{ cost: 10n * 500n + 4n * 5_000n, status: 'ok' }]);
    // Batches of other tests may still be asked after.
    const ours = [...provider.files.keys(), provider.id];
    const asked = upstream.asked.filter(({ url }) => ours.some((id) => url.includes(id)));
    expect(asked.map(({ headers }) => headers.authorization)).toEqual(
      asked.map(() => 'Bearer sk-of-the-project'),
    );
    expect(asked.length).toBeGreaterThan(2);
  });

  test('is not there for another project, nor may a key have a model in it that it may not call (B3)', async ({
    client,
    gateway,
    provider,
    db,
    tenant,
  }) => {
    const file = await upload(client, line('m', 'a'));
    const batch = await start(client, file.id);
    const missing = OpenAI.NotFoundError;
    // Of another organization, and of another project of the same one.
    const beside = await inTenant(db, [tenant.orgId], (tx) =>
      ensureProject(tx, { orgId: tenant.orgId, name: 'beside', actor: 'test' }),
    );
    const owners = [await makeTenant(db), { orgId: tenant.orgId, projectId: beside.id }];
    for (const owner of owners) {
      const stranger = clientOf(gateway, (await makeKey(db, owner)).value);
      await expect(stranger.files.retrieve(file.id)).rejects.toBeInstanceOf(missing);
      await expect(stranger.files.content(file.id)).rejects.toBeInstanceOf(missing);
      await expect(stranger.files.delete(file.id)).rejects.toBeInstanceOf(missing);
      await expect(start(stranger, file.id)).rejects.toBeInstanceOf(missing);
      await expect(stranger.batches.retrieve(batch.id)).rejects.toBeInstanceOf(missing);
      await expect(stranger.batches.cancel(batch.id)).rejects.toBeInstanceOf(missing);
      expect((await stranger.files.list()).data).toEqual([]);
      expect((await stranger.batches.list()).data).toEqual([]);
    }
    await expect(client.files.retrieve([...provider.files.keys()][0] ?? '')).rejects.toBeInstanceOf(
      missing,
    );
    const narrow = clientOf(gateway, (await makeKey(db, tenant, { models: ['other'] })).value);
    await expect(upload(narrow, line('m', 'a'))).rejects.toBeInstanceOf(
      OpenAI.PermissionDeniedError,
    );
    await expect(start(narrow, file.id)).rejects.toBeInstanceOf(OpenAI.PermissionDeniedError);
    expect(provider.batches.size).toBe(1);
  });

  test('has a file of its own, though its provider knows the bytes of another project (B3)', async ({
    client,
    gateway,
    provider,
    db,
    tenant,
  }) => {
    provider.dedupes = true;
    await upload(client, line('m', 'a'));
    const beside = await inTenant(db, [tenant.orgId], (tx) =>
      ensureProject(tx, { orgId: tenant.orgId, name: 'twin', actor: 'test' }),
    );
    const owner = { orgId: tenant.orgId, projectId: beside.id };
    const other = clientOf(gateway, (await makeKey(db, owner)).value);
    await expect(upload(other, line('m', 'a'))).rejects.toMatchObject({ status: 500 });
    expect((await other.files.list()).data).toEqual([]);
  });

  test('is refused by its line, its model, its price or its purpose (M4)', async ({
    client,
    upstream,
  }) => {
    await expect(upload(client, line('m', 'a'), line('other', 'b'))).rejects.toThrow(/line 2/);
    await expect(upload(client, line('claude', 'a'))).rejects.toThrow(/has no batches here/);
    await expect(upload(client, line('unpriced', 'a'))).rejects.toThrow(/price is not known/);
    const secret = client.withOptions({
      defaultHeaders: { 'x-data-classification': 'restricted' },
    });
    await expect(upload(secret, line('open', 'a'))).rejects.toBeInstanceOf(
      OpenAI.PermissionDeniedError,
    );
    const file = await toFile(Buffer.from('x'), 'a.txt');
    await expect(client.files.create({ file, purpose: 'user_data' })).rejects.toThrow(/purpose/);
    assert.equal(upstream.asked.length, 0);
  });
});
