import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';

import { Secret } from '@sagewai/config';
import { type Db, sql } from '@sagewai/postgres';
import type { Tenant } from '@sagewai/testing';
import { ENDPOINTS } from '@sagewai/wire';
import { describe, expect } from 'vitest';

import { openReservations, spendOf } from '../fixture.sql.ts';
import { deploymentAt, makeKey, startFakeUpstream } from '../gateway-fixture.ts';
import { answerEvents, answerJson, worldTest as test } from '../world-fixture.ts';
import { guardrailOf, PII_RULE, SECRETS_RULE, TICKET_RULE } from './guardrail-fixture.ts';
import type { Guardrail } from './guardrail.ts';

const TOKEN = `ghp_${'aB3'.repeat(12)}`;
const ask = (content: unknown, more: object = {}): object => ({
  model: 'm',
  messages: [{ role: 'user', content }],
  ...more,
});
const USAGE = { prompt_tokens: 5, completion_tokens: 2, total_tokens: 7 };
const COST = 25_000n;
const saying = (content: string): object => ({
  id: 'c',
  object: 'chat.completion',
  created: 1,
  model: 'm-upstream',
  choices: [{ index: 0, message: { role: 'assistant', content }, finish_reason: 'stop' }],
  usage: USAGE,
});

const BLOCKS = guardrailOf({
  name: 'no-tickets',
  kind: 'regex',
  action: 'block',
  find: TICKET_RULE.find,
});

async function auditOf(
  owner: Db,
  { orgId }: Tenant,
): Promise<{ subject: string; details: string }[]> {
  const { rows } = await sql<{ subject: string; details: string }>`
    select subject, details from audit_entry
    where action = 'guardrail.blocked' and org_id = ${orgId} order by seq
  `.execute(owner);
  return rows;
}

const contentOf = async (reply: Response): Promise<string> =>
  ((await reply.json()) as { choices: { message: { content: string } }[] }).choices[0]?.message
    .content ?? '';

describe('a guardrail', () => {
  test('stands before every route to a model, and costs nothing where it blocks (W1, M7)', async ({
    tenant,
    upstream,
    key,
    start,
    owner,
  }) => {
    const gateway = await start({
      deployments: [deploymentAt(upstream.url)],
      guardrails: [BLOCKS],
    });
    const text = 'see ACME-1234';
    const message = [{ role: 'user', content: text }];
    const bodies: Readonly<Record<string, object>> = {
      'gateway.createChatCompletion': { model: 'm', messages: message },
      'gateway.createMessage': { model: 'm', max_tokens: 5, messages: message },
      'gateway.countMessageTokens': { model: 'm', messages: message },
      'gateway.createResponse': { model: 'm', input: text },
      'gateway.createCompletion': { model: 'm', prompt: text },
      'gateway.createEmbedding': { model: 'm', input: ['x', text] },
      'gateway.createModeration': { model: 'm', input: text },
      'gateway.createRerank': { model: 'm', query: text, documents: ['a'] },
      'gateway.createImage': { model: 'm', prompt: text },
      'gateway.createSpeech': { model: 'm', input: text, voice: 'v' },
      'gateway.passOpenaiChat': { model: 'm', messages: message },
      'gateway.passAnthropicMessage': { model: 'm', max_tokens: 5, messages: message },
      'gateway.passAzureChat': { model: 'm', messages: message },
      'gateway.ollamaChat': { model: 'm', messages: message },
      'gateway.ollamaGenerate': { model: 'm', prompt: text },
      'gateway.ollamaEmbed': { model: 'm', input: text },
    };
    const asked: string[] = [];
    for (const { id, method, path, permission } of ENDPOINTS) {
      const body = bodies[id];
      if (permission !== 'model:call' || method !== 'POST' || body === undefined) continue;
      const reply = await gateway.post(path, body, { authorization: `Bearer ${key}` });
      expect([id, reply.status, reply.headers.get('content-type')?.split(';')[0]]).toEqual([
        id,
        400,
        'application/json',
      ]);
      const told = await reply.text();
      expect(told).toContain('The guardrail no-tickets blocked this request: it found TICKET.');
      expect(told).not.toContain('ACME');
      asked.push(id);
    }
    expect(asked.toSorted()).toEqual(Object.keys(bodies).toSorted());
    expect(upstream.asked).toEqual([]);
    expect(await spendOf(owner)).toEqual([]);
    const audit = await auditOf(owner, tenant);
    expect(audit).toHaveLength(asked.length);
    expect(audit[0]?.subject).toBe('guardrail:no-tickets');
    expect(JSON.parse(audit[0]?.details ?? '')).toMatchObject({ phase: 'pre', found: 'TICKET' });
    expect(JSON.stringify(audit)).not.toContain('ACME');
    expect(await gateway.metrics()).toContain(
      `sagewai_guardrail_actions_total{guardrail="no-tickets",phase="pre",did="blocked"} ${asked.length}`,
    );
    // However long the body is, and wherever in it.
    const long = ask(`${'x '.repeat(400_000)}${text}`);
    expect((await gateway.chat(key, long)).status).toBe(400);
    const form = new FormData();
    form.set('model', 'm');
    form.set('file', new Blob([Buffer.alloc(64, 0xff)]), 'a.wav');
    form.set('prompt', text);
    const recording = await fetch(`${gateway.url}/v1/audio/transcriptions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}` },
      body: form,
    });
    expect([recording.status, await recording.text()]).toEqual([
      400,
      expect.stringContaining('it found TICKET'),
    ]);
    const image = [{ type: 'image_url', image_url: { url: 'https://example.com/a.png' } }];
    upstream.answer = (_, reply) => answerJson(reply, saying('fine'));
    expect((await gateway.chat(key, ask(image))).status).toBe(200);
  });

  test('redacts what is sent and what is answered, and leaves every other byte (W3)', async ({
    tenant,
    upstream,
    key,
    start,
    owner,
  }) => {
    const gateway = await start({
      deployments: [deploymentAt(upstream.url)],
      guardrails: [
        SECRETS_RULE,
        PII_RULE,
        guardrailOf({ ...BLOCKS, name: 'watch', action: 'flag' }),
      ],
    });
    upstream.answer = (_, reply) => answerJson(reply, saying(`mail b@example.com, ${TOKEN}`));
    const raw = `{ "model" : "m","messages":[ {"role":"user", "content":"I am a@example.com: ${TOKEN} \\u00e9 ACME-1234"}],"seed": 1.50 }`;
    const reply = await gateway.chat(key, raw);
    expect(await contentOf(reply)).toBe('mail [EMAIL_ADDRESS], [GITHUB_TOKEN]');
    expect(reply.headers.get('x-litellm-applied-guardrails')).toBe('secrets,pii,watch');
    expect(upstream.asked[0]?.body.toString()).toBe(
      '{ "model" : "m-upstream","messages":[ {"role":"user", "content":"I am [EMAIL_ADDRESS]: [GITHUB_TOKEN] é ACME-1234"}],"seed": 1.50 }',
    );
    const tokens = await gateway.chat(key, ask('hi', { logprobs: true }));
    expect([tokens.status, await tokens.text()]).toEqual([
      400,
      expect.stringContaining('body/logprobs cannot be answered behind the guardrail'),
    ]);
    const plain = '{ "model" : "m","messages":[ {"role":"user","content":"\\u00e9"} ] }';
    await gateway.chat(key, plain);
    expect(upstream.asked[1]?.body.toString()).toBe(plain.replace('"m"', '"m-upstream"'));
    expect((await spendOf(owner)).map(({ cost }) => cost)).toEqual([COST, COST]);
    expect(await gateway.metrics()).toContain(
      'sagewai_guardrail_actions_total{guardrail="watch",phase="pre",did="flagged"} 1',
    );
    expect(await auditOf(owner, tenant)).toEqual([]);
  });

  test('that blocks a kept answer does not say that it is charged', async ({
    upstream,
    key,
    start,
  }) => {
    const after = guardrailOf({ ...BLOCKS, before: false });
    const deployments = [deploymentAt(upstream.url, { cache: true })];
    const gateway = await start({ deployments, guardrails: [after] });
    upstream.answer = (_, reply) => answerJson(reply, saying('it is ACME-1234'));
    expect(await (await gateway.chat(key, ask('which?'))).text()).toContain('the call is charged');
    const again = await (await gateway.chat(key, ask('which?'))).text();
    expect(again).toContain('guardrail.blocked');
    expect(again).toContain('costs nothing');
    expect(upstream.asked).toHaveLength(1);
  });

  test('that blocks an answer says so, and the call is paid (M3)', async ({
    tenant,
    upstream,
    key,
    start,
    owner,
  }) => {
    const after = guardrailOf({ ...BLOCKS, before: false });
    const gateway = await start({ deployments: [deploymentAt(upstream.url)], guardrails: [after] });
    upstream.answer = (_, reply) => answerJson(reply, saying('it is ACME-1234'));
    const whole = await gateway.chat(key, ask('which ACME-1234?'));
    expect(whole.status).toBe(400);
    expect(await whole.json()).toMatchObject({
      error: { code: 'guardrail.blocked', message: expect.stringContaining('the call is charged') },
    });
    const chunk = (content: string): string =>
      `data: {"choices":[{"index":0,"delta":{"content":"${content}"},"finish_reason":null}]}\n\n`;
    const usage = `data: {"choices":[],"usage":${JSON.stringify(USAGE)}}\n\n`;
    upstream.answer = (_, reply) =>
      answerEvents(reply, [
        chunk('it is AC'),
        chunk('ME-12'),
        chunk('34'),
        usage,
        'data: [DONE]\n\n',
      ]);
    const stream = await gateway.chat(key, ask('x', { stream: true }));
    const told = await stream.text();
    expect(told).toContain('"code":"guardrail.blocked"');
    expect(told).not.toContain('AC"');
    expect(told).not.toContain('[DONE]');
    await expect.poll(() => openReservations(owner)).toBe(0);
    const rows = await spendOf(owner);
    expect(rows).toHaveLength(2);
    expect(rows[0]).toMatchObject({ cost: COST, status: 'ok' });
    expect(rows[1]?.cost).toBeGreaterThan(0n);
    // Of a stream it is recorded when its client has been told.
    await expect
      .poll(async () =>
        (await auditOf(owner, tenant)).map(({ details }) => JSON.parse(details) as object),
      )
      .toMatchObject([{ phase: 'post' }, { phase: 'post' }]);
    // Refusals of the provider are no words of a model.
    upstream.answer = (_, reply) =>
      answerJson(reply, { error: { message: 'no ACME-1234' } }, { status: 422 });
    expect((await gateway.chat(key, ask('x'))).status).toBe(422);
  });

  test('redacts a stream over its pieces; one without a guardrail keeps its bytes (W4)', async ({
    upstream,
    tenant,
    db,
    start,
  }) => {
    const rule = guardrailOf({ ...SECRETS_RULE, isDefault: false });
    const gateway = await start({
      deployments: [
        deploymentAt(upstream.url),
        deploymentAt(upstream.url, {
          id: 'claude',
          model: 'claude',
          endpoint: { ...deploymentAt(upstream.url).endpoint, provider: 'anthropic' },
        }),
      ],
      guardrails: [rule, guardrailOf({ ...BLOCKS, isDefault: false })],
    });
    const event = (type: string, of: object): string =>
      `event: ${type}\ndata: ${JSON.stringify({ type, ...of })}\n\n`;
    const delta = (text: string): string =>
      event('content_block_delta', { index: 0, delta: { type: 'text_delta', text } });
    const events = [
      event('message_start', {
        message: { id: 'x', type: 'message', usage: { input_tokens: 5, output_tokens: 1 } },
      }),
      event('content_block_start', { index: 0, content_block: { type: 'text', text: '' } }),
      delta('the token '),
      delta(TOKEN.slice(0, 7)),
      delta(TOKEN.slice(7, 30)),
      delta(`${TOKEN.slice(30)} is`),
      event('content_block_stop', { index: 0 }),
      event('message_delta', { delta: { stop_reason: 'end_turn' }, usage: { output_tokens: 2 } }),
      event('message_stop', {}),
    ];
    upstream.answer = (_, reply) => answerEvents(reply, events);
    const body = { ...ask('hi', { stream: true, max_tokens: 9 }), model: 'claude' };
    const call = async (value: string, more: object = {}): Promise<string> => {
      const headers = { authorization: `Bearer ${value}` };
      return (await gateway.post('/v1/messages', { ...body, ...more }, headers)).text();
    };
    const free = (await makeKey(db, tenant)).value;
    expect(await call(free)).toBe(events.join(''));
    const bound = (await makeKey(db, tenant, { metadata: { guardrails: ['secrets'] } })).value;
    const told = await call(bound);
    expect(told).toContain('[GITHUB_TOKEN]');
    expect(told).not.toContain(TOKEN.slice(0, 7));
    const kept = told.split('\n\n');
    expect(kept).toHaveLength(events.length + 1);
    expect(kept[0]).toBe(events[0]?.trimEnd());
    // A request may add to what its key demands, and not take away.
    expect(await call(free, { guardrails: ['secrets'] })).toBe(told);
    expect(await call(bound, { guardrails: [] })).toBe(told);
    expect(upstream.asked.at(-1)?.body.toString()).not.toContain('guardrails');
    expect(await call(free, { guardrails: ['nobody'] })).toContain('which there is not');
    const strange = (await makeKey(db, tenant, { metadata: { guardrails: ['gone'] } })).value;
    expect(await call(strange)).toContain('Nothing passes without it');
    const broken = (await makeKey(db, tenant, { metadata: { guardrails: 'secrets' } })).value;
    expect(await call(broken)).toContain('Nothing passes without it');
  });
});

describe('what others decide', () => {
  const SECRET = `whsec_${Buffer.alloc(32, 5).toString('base64')}`;
  const hookAt = (url: string, of: Partial<Guardrail> = {}): Guardrail =>
    guardrailOf({
      name: 'hook',
      kind: 'webhook',
      find: null,
      hook: { url: `${url}/check`, secret: new Secret(SECRET), timeoutMs: 300 },
      ...of,
    });

  test('holds for requests, answers and streams; who is silent lets nothing pass (W2)', async ({
    upstream,
    key,
    start,
    owner,
  }) => {
    const hook = await startFakeUpstream();
    try {
      const gateway = await start({
        deployments: [deploymentAt(upstream.url)],
        guardrails: [hookAt(hook.url)],
      });
      const chat = async (more: object = {}): Promise<Response> =>
        gateway.chat(key, ask('hello', more));
      const answering = (phase: string, verdict: (texts: string[]) => object): void => {
        hook.answer = (_, reply, body) => {
          const said = JSON.parse(body.toString()) as { phase: string; texts: string[] };
          answerJson(reply, said.phase === phase ? verdict(said.texts) : { action: 'allow' });
        };
      };
      upstream.answer = (_, reply) => answerJson(reply, saying('fine'));
      answering('pre', () => ({ action: 'allow' }));
      expect(await contentOf(await chat())).toBe('fine');
      const [first] = hook.asked;
      assert(first);
      const { headers, body } = first;
      expect(JSON.parse(body.toString())).toMatchObject({
        guardrail: 'hook',
        phase: 'pre',
        call: { model: 'm', format: 'chat' },
      });
      const signed = `${String(headers['webhook-id'])}.${String(headers['webhook-timestamp'])}.${body.toString()}`;
      const signature = createHmac('sha256', Buffer.alloc(32, 5)).update(signed).digest('base64');
      expect(headers['webhook-signature']).toBe(`v1,${signature}`);

      const swap = (from: string, to: string) => (texts: string[]) => ({
        action: 'replace',
        texts: texts.map((text) => (text === from ? to : text)),
      });
      answering('pre', swap('hello', 'goodbye'));
      await chat();
      expect(upstream.asked.at(-1)?.body.toString()).toContain('"content":"goodbye"');
      answering('post', swap('fine', 'better'));
      expect(await contentOf(await chat())).toBe('better');
      answering('post', () => ({ action: 'block' }));
      expect((await chat()).status).toBe(400);

      const chunk = (content: string): string =>
        `data: {"choices":[{"index":0,"delta":{"content":"${content}"}}]}\n\n`;
      upstream.answer = (_, reply) =>
        answerEvents(reply, [chunk('fi'), chunk('ne'), 'data: [DONE]\n\n']);
      answering('post', swap('fine', 'best'));
      const told = await (await chat({ stream: true })).text();
      expect(told).toBe(chunk('best') + chunk('') + 'data: [DONE]\n\n');
      answering('post', () => ({ action: 'block' }));
      expect((await chat({ stream: true })).status).toBe(400);

      const before = upstream.asked.length;
      const silent: ((reply: Parameters<typeof answerJson>[0]) => void)[] = [
        (reply) => answerJson(reply, { action: 'shrug' }),
        (reply) => answerJson(reply, { action: 'replace', texts: [] }),
        (reply) => answerJson(reply, 'no json'),
        (reply) => answerJson(reply, { action: 'allow' }, { status: 500 }),
        (reply) => void reply.destroy(),
        () => undefined,
      ];
      for (const fails of silent) {
        hook.answer = (_, reply) => fails(reply);
        const reply = await chat();
        expect(reply.status).toBe(503);
        expect(await reply.text()).toContain('nothing passes without it');
      }
      expect(upstream.asked).toHaveLength(before);
      expect(await openReservations(owner)).toBe(0);
    } finally {
      await hook.close();
    }
  });
});
