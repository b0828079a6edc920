import assert from 'node:assert/strict';

import { Secret } from '@sagewai/config';
import OpenAI, { toFile } from 'openai';
import { describe, expect } from 'vitest';

import { openReservations, wholeSpendOf } from '../fixture.sql.ts';
import { deploymentAt, makeKey, UPSTREAM_KEY } from '../gateway-fixture.ts';
import { priceDeployment } from '../models/price-deployment.ts';
import { checkAnswers } from '../openai-answers-fixture.ts';
import { answerEvents, answerJson, sharedWorldTest } from '../world-fixture.ts';

const AT = new Date('2026-11-01T00:00:00Z');
const usd = (amount: number): bigint => BigInt(Math.round(amount * 1e9)) * 1_000n;

const at = (url: string, model: string) =>
  deploymentAt(url, {
    id: model,
    model,
    upstreamModel: model,
    endpoint: { provider: 'openai', baseUrl: url, credential: new Secret(UPSTREAM_KEY) },
    ...priceDeployment('openai', model, {}, AT),
  });

const MODELS = [
  'dall-e-3',
  'gpt-image-1',
  'whisper-1',
  'gpt-4o-transcribe',
  'tts-1',
  'gpt-4o-mini-tts',
];

const test = sharedWorldTest((url) => {
  const of = (model: string) => at(url, model);
  return {
    deployments: [
      ...MODELS.map(of),
      { ...of('whisper-1'), id: 'own', model: 'hear', upstreamModel: 'large-v3' },
      { ...of('an-unknown-model'), price: undefined },
    ],
  };
}).extend<{ client: OpenAI; spend: () => ReturnType<typeof wholeSpendOf> }>({
  client: async ({ gateway, key }, use) => {
    const { fetch, mistakes } = checkAnswers();
    await use(new OpenAI({ apiKey: key, baseURL: `${gateway.url}/v1`, maxRetries: 0, fetch }));
    // What was answered is as OpenAI describes it.
    assert.deepEqual(await mistakes(), []);
  },
  spend: async ({ owner, tenant }, use) => {
    await use(() => wholeSpendOf(owner, tenant.orgId));
  },
});

const PICTURE = 'iVBORw0KGgo=';
const USAGE = {
  input_tokens: 50,
  output_tokens: 1_056,
  total_tokens: 1_106,
  input_tokens_details: { text_tokens: 10, image_tokens: 40 },
};
const TOKENS_COST = usd((10 * 5 + 40 * 10 + 1_056 * 40) / 1e6);

describe('pictures', () => {
  test('that have a price each are paid as many as came, at their size and quality (M2, M5)', async ({
    client,
    upstream,
    spend,
    owner,
    tenant,
  }) => {
    upstream.answer = (_, reply) =>
      answerJson(reply, { created: 1, data: [{ url: 'https://x/1.png' }] });
    const { data, response } = await client.images
      .generate({ model: 'dall-e-3', prompt: 'a cat', size: '1024x1792', quality: 'hd' })
      .withResponse();
    expect(data.data?.[0]?.url).toBe('https://x/1.png');
    expect(response.headers.get('x-litellm-response-cost')).toBe('0.12');
    expect(upstream.asked[0]?.url).toBe('/v1/images/generations');
    expect(await spend()).toMatchObject([
      { cost: usd(0.12), input: 0n, output: 0n, source: 'provider', status: 'ok' },
    ]);
    expect(await openReservations(owner, tenant.orgId)).toBe(0);
  });

  test('are edited from a form that passes byte for byte, and paid by the tokens that are told (M5)', async ({
    client,
    upstream,
    spend,
  }) => {
    upstream.answer = (_, reply) =>
      answerJson(reply, { created: 1, data: [{ b64_json: PICTURE }], usage: USAGE });
    const bytes = Buffer.from([0, 13, 10, 45, 45, 255, 0]);
    const edited = await client.images.edit({
      model: 'gpt-image-1',
      image: [await toFile(bytes, 'a.png'), await toFile(bytes, 'b.png')],
      prompt: 'add a hat',
    });
    expect(edited.usage?.output_tokens).toBe(1_056);
    const [asked] = upstream.asked;
    expect(asked?.headers['content-type']).toMatch(/^multipart\/form-data; ?boundary=/);
    expect(asked?.headers.authorization).toBe(`Bearer ${UPSTREAM_KEY}`);
    const sent = await new Response(new Uint8Array(asked?.body ?? []), {
      headers: { 'content-type': asked?.headers['content-type'] ?? '' },
    }).formData();
    expect(sent.getAll('image[]')).toHaveLength(2);
    const file = sent.get('image[]') as File;
    expect(Buffer.from(await file.arrayBuffer())).toEqual(bytes);
    expect(await spend()).toMatchObject([
      { cost: TOKENS_COST, input: 50n, output: 1_056n, source: 'provider' },
    ]);
  });

  test('are streamed with partial ones, and the last event waits for the settlement (M2)', async ({
    client,
    upstream,
    spend,
  }) => {
    const of = { b64_json: PICTURE, created_at: 1, size: '1024x1024', quality: 'medium' };
    const shape = { ...of, background: 'opaque', output_format: 'png' };
    const partial = { type: 'image_generation.partial_image', partial_image_index: 0, ...shape };
    const completed = { type: 'image_generation.completed', ...shape, usage: USAGE };
    upstream.answer = (_, reply) =>
      answerEvents(
        reply,
        [partial, completed].map((e) => `event: ${e.type}\ndata: ${JSON.stringify(e)}\n\n`),
      );
    const stream = await client.images.generate({
      model: 'gpt-image-1',
      prompt: 'a cat',
      stream: true,
      partial_images: 1,
    });
    const types: string[] = [];
    for await (const event of stream) {
      types.push(event.type);
      if (event.type === 'image_generation.completed') {
        expect(await spend()).toMatchObject([{ cost: TOKENS_COST, status: 'ok' }]);
      }
    }
    expect(types).toEqual(['image_generation.partial_image', 'image_generation.completed']);
  });

  test('whose client leaves before the last one are booked as all of them, as an estimate (M3)', async ({
    client,
    upstream,
    spend,
  }) => {
    const of = { b64_json: PICTURE, created_at: 1, size: '1024x1024', quality: 'medium' };
    const shape = { ...of, background: 'opaque', output_format: 'png' };
    const completed = { type: 'image_generation.completed', ...shape, usage: USAGE };
    const partial = { type: 'image_generation.partial_image', partial_image_index: 0, ...shape };
    upstream.answer = (_, reply) => {
      reply.writeHead(200, { 'content-type': 'text/event-stream' });
      for (const e of [completed, partial])
        reply.write(`event: ${e.type}\ndata: ${JSON.stringify(e)}\n\n`);
    };
    const ask = { prompt: 'a cat', size: '1024x1024', quality: 'medium', n: 2 } as const;
    const stream = await client.images.generate({ model: 'gpt-image-1', stream: true, ...ask });
    for await (const event of stream) if (event.type === completed.type) break;
    await expect.poll(spend).toMatchObject([{ source: 'estimate', status: 'aborted' }]);
    expect((await spend())[0]?.output).toBeGreaterThanOrEqual(2n * 1_056n);
  });

  test('are refused before anything is sent where their price is not known, or there is too little money (M1, M4)', async ({
    client,
    upstream,
    db,
    tenant,
    spend,
  }) => {
    await expect(
      client.images.generate({ model: 'an-unknown-model', prompt: 'x' }),
    ).rejects.toThrow(/output_cost_per_image/);
    const limits = { usdPerDay: usd(0.07) };
    const poor = (await makeKey(db, tenant, { limits })).value;
    const ask = { model: 'dall-e-3', prompt: 'x', size: '1024x1024' } as const;
    const asPoor = client.withOptions({ apiKey: poor });
    await expect(asPoor.images.generate(ask)).rejects.toBeInstanceOf(OpenAI.RateLimitError);
    await expect(
      asPoor.images.generate({ ...ask, n: 2, quality: 'standard' }),
    ).rejects.toBeInstanceOf(OpenAI.RateLimitError);
    expect(upstream.asked).toEqual([]);
    upstream.answer = (_, reply) => answerJson(reply, { created: 1, data: [{ url: 'u' }] });
    await asPoor.images.generate({ ...ask, quality: 'standard' });
    expect(await spend()).toMatchObject([{ cost: usd(0.04) }]);
  });

  test('that were asked for and never came are booked as an estimate (M3)', async ({
    client,
    upstream,
    spend,
  }) => {
    upstream.answer = (_, reply) => {
      reply.writeHead(200, { 'content-type': 'application/json' });
      reply.write('{"created":1');
      setImmediate(() => reply.destroy());
    };
    const ask = { model: 'dall-e-3', prompt: 'x', size: '1024x1024', quality: 'hd' } as const;
    await expect(client.images.generate(ask)).rejects.toMatchObject({ status: 502 });
    expect(await spend()).toMatchObject([{ cost: usd(0.08), source: 'estimate', status: 'error' }]);
  });
});

test('tokens that an answer does not tell are an estimate, not 0 (M3)', async ({
  client,
  upstream,
  spend,
}) => {
  upstream.answer = (_, reply) => answerJson(reply, { created: 1, data: [{ b64_json: PICTURE }] });
  const of = { model: 'gpt-image-1', prompt: 'x', size: '1024x1024', quality: 'low' } as const;
  await client.images.generate(of);
  const [row] = await spend();
  expect(row).toMatchObject({ source: 'estimate', status: 'ok' });
  expect(row?.output).toBeGreaterThanOrEqual(272n);
});

describe('recordings', () => {
  const recording = Buffer.alloc(4_000, 7);

  test('are written down, their model replaced, and paid by the second (M5)', async ({
    client,
    upstream,
    spend,
  }) => {
    upstream.answer = (_, reply) =>
      answerJson(reply, { text: 'hello', usage: { type: 'duration', seconds: 9.2 } });
    const file = await toFile(recording, 'a.mp3');
    expect((await client.audio.transcriptions.create({ model: 'hear', file })).text).toBe('hello');
    const [asked] = upstream.asked;
    expect(asked?.url).toBe('/v1/audio/transcriptions');
    expect(asked?.body.includes('\r\n\r\nlarge-v3\r\n')).toBe(true);
    expect(asked?.body.includes(recording)).toBe(true);
    expect(await spend()).toMatchObject([
      { cost: usd(10 * 0.0001), source: 'provider', deployment: 'own' },
    ]);
  });

  test('are written down as subtitles, which tell no usage: it is estimated (M3)', async ({
    client,
    upstream,
    spend,
  }) => {
    const subtitles = '1\n00:00:00,000 --> 00:00:01,000\nhello\n';
    upstream.answer = (_, reply) => {
      reply.writeHead(200, { 'content-type': 'text/plain; charset=utf-8' });
      reply.end(subtitles);
    };
    const file = await toFile(recording, 'a.mp3');
    const of = { model: 'whisper-1', file, response_format: 'srt' } as const;
    expect(await client.audio.translations.create(of)).toBe(subtitles);
    expect(upstream.asked[0]?.url).toBe('/v1/audio/translations');
    expect(await spend()).toMatchObject([{ cost: usd(0.0001), source: 'estimate', status: 'ok' }]);
  });

  test('are streamed as text, and paid by their tokens (M2)', async ({
    client,
    upstream,
    spend,
  }) => {
    const usage = {
      type: 'tokens',
      input_tokens: 110,
      input_token_details: { text_tokens: 10, audio_tokens: 100 },
      output_tokens: 10,
      total_tokens: 120,
    };
    const events = [
      { type: 'transcript.text.delta', delta: 'hi' },
      { type: 'transcript.text.done', text: 'hi', usage },
    ];
    upstream.answer = (_, reply) =>
      answerEvents(
        reply,
        events.map((event) => `data: ${JSON.stringify(event)}\n\n`),
      );
    const file = await toFile(recording, 'a.mp3');
    const of = { model: 'gpt-4o-transcribe', file, stream: true } as const;
    let last = '';
    for await (const event of await client.audio.transcriptions.create(of)) last = event.type;
    expect(last).toBe('transcript.text.done');
    expect(await spend()).toMatchObject([
      { cost: usd((10 * 2.5 + 100 * 6 + 10 * 10) / 1e6), source: 'provider', status: 'ok' },
    ]);
  });

  test('have a limit of their own, and are no JSON', async ({ client, gateway, key, upstream }) => {
    const file = await toFile(Buffer.alloc(128 * 1024 + 1), 'a.mp3');
    await expect(
      client.audio.transcriptions.create({ model: 'whisper-1', file }),
    ).rejects.toMatchObject({ status: 413 });
    const headers = { authorization: `Bearer ${key}` };
    const json = await gateway.post('/audio/transcriptions', { model: 'whisper-1' }, headers);
    expect(json.status).toBe(415);
    expect(await json.text()).toContain('multipart/form-data');
    expect(upstream.asked).toEqual([]);
  });

  test('are never kept, whatever the form says of a cache', async ({ gateway, key, upstream }) => {
    upstream.answer = (_, reply) =>
      answerJson(reply, { text: 'hello', usage: { type: 'duration', seconds: 1 } });
    for (let n = 1; n <= 2; n++) {
      const form = new FormData();
      form.append('model', 'whisper-1');
      form.append('cache', '{"use-cache": true}');
      form.append('file', new Blob([recording]), 'a.mp3');
      const answer = await fetch(`${gateway.url}/v1/audio/transcriptions`, {
        method: 'POST',
        headers: { authorization: `Bearer ${key}` },
        body: form,
      });
      expect(answer.status).toBe(200);
      expect(upstream.asked).toHaveLength(n);
    }
  });

  test('of a form that names its model twice are refused (M5)', async ({
    gateway,
    key,
    upstream,
  }) => {
    const form = new FormData();
    form.append('model', 'whisper-1');
    form.append('Model', 'gpt-4o-transcribe');
    form.append('file', new Blob([recording]), 'a.mp3');
    const answer = await fetch(`${gateway.url}/v1/audio/transcriptions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}` },
      body: form,
    });
    expect(answer.status).toBe(400);
    expect(await answer.text()).toContain('Model');
    expect(upstream.asked).toEqual([]);
  });
});

describe('a text that is spoken', () => {
  test('is passed on as it comes, and its end waits for the settlement (M2)', async ({
    client,
    upstream,
    spend,
    owner,
    tenant,
  }) => {
    const spoken = Buffer.alloc(100_000, 3);
    upstream.answer = (_, reply) => {
      reply.writeHead(200, { 'content-type': 'audio/mpeg' });
      reply.write(spoken.subarray(0, 40_000));
      setImmediate(() => reply.end(spoken.subarray(40_000)));
    };
    const of = { model: 'tts-1', input: 'a'.repeat(1_000), voice: 'alloy' } as const;
    const answer = await client.audio.speech.create(of);
    expect(answer.headers.get('content-type')).toBe('audio/mpeg');
    expect(Buffer.from(await answer.arrayBuffer()).equals(spoken)).toBe(true);
    expect(await spend()).toMatchObject([{ cost: usd(0.015), source: 'estimate', status: 'ok' }]);
    expect(await openReservations(owner, tenant.orgId)).toBe(0);
  });

  test('that breaks off ends without its end, and is booked (M3)', async ({
    client,
    upstream,
    spend,
  }) => {
    upstream.answer = (_, reply) => {
      reply.writeHead(200, { 'content-type': 'audio/mpeg' });
      reply.write(Buffer.alloc(1_000));
      setTimeout(() => reply.destroy(), 20);
    };
    const answer = await client.audio.speech.create({ model: 'tts-1', input: 'a', voice: 'alloy' });
    await expect(answer.arrayBuffer()).rejects.toThrow('terminated');
    expect(await spend()).toMatchObject([
      { cost: usd(0.000015), source: 'estimate', status: 'error' },
    ]);
  });

  test('is streamed as events that tell its tokens (M3)', async ({ client, upstream, spend }) => {
    const done = {
      type: 'speech.audio.done',
      usage: { input_tokens: 14, output_tokens: 101, total_tokens: 115 },
    };
    upstream.answer = (_, reply) =>
      answerEvents(reply, [
        'data: {"type":"speech.audio.delta","audio":"AAAA"}\n\n',
        `data: ${JSON.stringify(done)}\n\n`,
      ]);
    const answer = await client.audio.speech.create({
      model: 'gpt-4o-mini-tts',
      input: 'hello',
      voice: 'alloy',
      stream_format: 'sse',
    });
    expect(await answer.text()).toContain('speech.audio.done');
    expect(await spend()).toMatchObject([
      { cost: usd((14 * 0.6 + 101 * 12) / 1e6), source: 'provider', input: 14n, output: 101n },
    ]);
  });
});
