import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { connect } from 'node:net';

import { Secret } from '@sagewai/config';
import { sql } from '@sagewai/postgres';
import { describe, expect } from 'vitest';

import { openReservations, spendOf, wholeSpendOf } from '../fixture.sql.ts';
import { MESSAGE } from '../formats/messages-fixture.ts';
import { deploymentAt, type RunningGateway } from '../gateway-fixture.ts';
import { curlAs, MASTER } from '../litellm/fixture.sql.ts';
import { keepMasterKey } from '../litellm/master-key.ts';
import { answer } from '../routing/routing-fixture.ts';
import { answerJson } from '../world-fixture.ts';
import { type FileWorldUpstream, fileWorldTest } from './file-world-fixture.ts';

const test = fileWorldTest.extend<{ gateway: RunningGateway }>({
  gateway: [
    async ({ start, upstream: { url } }, use) => {
      const endpoint = {
        provider: 'anthropic',
        baseUrl: url,
        credential: new Secret('k'),
      } as const;
      const gateway = await start({
        deployments: [
          deploymentAt(url),
          deploymentAt(url, { id: 'claude', model: 'claude', endpoint, contextTokensMax: 1e9 }),
          deploymentAt(url, { id: 'é\u200b', model: 'モデル/é "x"' }),
        ],
        masterKey: keepMasterKey(new Secret(MASTER)),
      });
      await use(gateway);
    },
    { scope: 'file' },
  ],
});

const answerAny: FileWorldUpstream['answer'] = ({ url }, reply) =>
  url?.endsWith('/messages') ? answerJson(reply, MESSAGE) : answer(reply, 200);

const chat = { model: 'm', messages: [{ role: 'user', content: 'hello' }] };

/** What an exchange on a bare socket comes to: the statuses of all answers in it, until it is closed. */
function statusesOf(url: string, bytes: string): Promise<string[]> {
  const { promise, resolve } = Promise.withResolvers<string[]>();
  let text = '';
  const socket = connect(Number(new URL(url).port), '127.0.0.1', () =>
    socket.write(bytes, 'latin1'),
  );
  socket.setEncoding('latin1');
  socket.on('data', (chunk: string) => (text += chunk));
  socket.on('error', () => {}); // Broken off in the middle of its body.
  socket.on('close', () =>
    resolve([...text.matchAll(/HTTP\/1\.1 (\d{3})/g)].map(([, one]) => one ?? '')),
  );
  return promise;
}

describe('a request that two parsers could read in two ways', () => {
  const inner = 'POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\n\r\n';
  const body = JSON.stringify(chat);
  const size = Buffer.byteLength(body);
  const chunks = `${size.toString(16)}\r\n${body}\r\n0\r\n\r\n`;
  test.for([
    [
      'a length and chunks',
      `content-length: ${size}\r\ntransfer-encoding: chunked\r\n\r\n${chunks}`,
    ],
    ['chunks and a length', `transfer-encoding: chunked\r\ncontent-length: 5\r\n\r\n${chunks}`],
    ['two lengths', `content-length: ${size}\r\ncontent-length: 0\r\n\r\n${body}`],
    ['one length twice', `content-length: ${size}\r\ncontent-length: ${size}\r\n\r\n${body}`],
    ['a list of lengths', `content-length: ${size}, 0\r\n\r\n${body}`],
    ['a length with a sign', `content-length: +${size}\r\n\r\n${body}`],
    ['a hexadecimal length', `content-length: 0x${size.toString(16)}\r\n\r\n${body}`],
    ['two codings', `transfer-encoding: chunked\r\ntransfer-encoding: identity\r\n\r\n${chunks}`],
    ['another last coding', `transfer-encoding: chunked, gzip\r\n\r\n${chunks}`],
    ['a coding that only looks like one', `transfer-encoding: xchunked\r\n\r\n${chunks}`],
    ['a folded coding', `transfer-encoding:\r\n chunked\r\ncontent-length: 5\r\n\r\n${chunks}`],
    ['a folded header', `x: a\r\n b: c\r\ncontent-length: ${size}\r\n\r\n${body}`],
    ['a space before the colon', `content-length : ${size}\r\n\r\n${body}`],
    ['a bare line feed', `x: y\ncontent-length: ${size}\r\n\r\n${body}`],
    ['a bare carriage return', `x: y\rcontent-length: 0\r\ncontent-length: ${size}\r\n\r\n${body}`],
    ['a NUL', `x: a\0b\r\ncontent-length: ${size}\r\n\r\n${body}`],
    ['a chunk without a size', `transfer-encoding: chunked\r\n\r\n\r\n${chunks}`],
    ['a chunk of a huge size', `transfer-encoding: chunked\r\n\r\nfffffffffffffffff\r\n${body}`],
    ['a chunk longer than it says', `transfer-encoding: chunked\r\n\r\n2\r\n${body}\r\n0\r\n\r\n`],
  ] as const)(
    '(%s) is refused, and nothing behind it is read',
    async ([, rest], { gateway, key, upstream }) => {
      upstream.answer = answerAny;
      const asked = upstream.asked.length;
      const head = `POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${key}\r\ncontent-type: application/json\r\n`;
      expect(['', '400']).toContain((await statusesOf(gateway.url, head + rest + inner)).join(' '));
      expect(upstream.asked).toHaveLength(asked);
    },
  );

  test('but extensions of chunks are no more than that', async ({ gateway, key, upstream }) => {
    upstream.answer = answerAny;
    const head = `POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nconnection: close\r\nauthorization: Bearer ${key}\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n`;
    const extended = `${size.toString(16)};a=b;c="d"\r\n${body}\r\n0;e\r\n\r\n`;
    expect(await statusesOf(gateway.url, head + extended)).toEqual(['200']);
    expect(upstream.asked.at(-1)?.headers['transfer-encoding']).toBeUndefined();
    // Without a bound they would be a body that no limit counts.
    const endless = `2;${'x'.repeat(100_000)}\r\n{}\r\n0\r\n\r\n`;
    expect(await statusesOf(gateway.url, head + endless)).not.toContain('200');
  });
});

describe('text that is more than text elsewhere', () => {
  const SQL = [
    `' or '1'='1`,
    `sk-' or 1=1 --`,
    `sk-x'; drop table virtual_key; --`,
    `sk-$1`,
    'sk-%',
    'sk-\\',
    `sk-x') union select hash from credential --`,
  ];

  test('is nothing but text as a key, and everywhere that a key or a name is looked up', async ({
    gateway,
    owner,
  }) => {
    const curl = curlAs(gateway, MASTER);
    for (const text of SQL) {
      expect([text, (await gateway.chat(text, chat)).status]).toEqual([text, 401]);
      const asApiKey = await gateway.post('/v1/messages', chat, { 'x-api-key': text });
      expect(asApiKey.status).toBe(401);
      const named = encodeURIComponent(text);
      for (const target of [
        `GET /key/info?key=${named}`,
        `GET /key/list?key_alias=${named}&user_id=${named}&team_id=${named}`,
        `GET /spend/logs?api_key=${named}`,
        `GET /spend/logs?user_id=${named}`,
        `GET /team/info?team_id=${named}`,
        `GET /user/info?user_id=${named}`,
        `GET /global/spend/report?start_date=2026-01-01&end_date=${named}`,
        `GET /model/info?litellm_model_id=${named}`,
        `GET /v1/models/${named}`,
      ]) {
        const { status } = await curl(target);
        expect([target, status < 500]).toEqual([target, true]);
      }
      for (const [path, body] of [
        ['/key/delete', { keys: [text] }],
        ['/key/update', { key: text, tags: [text] }],
        ['/key/block', { key: text }],
        ['/team/delete', { team_ids: [text] }],
        ['/user/delete', { user_ids: [text] }],
      ] as const) {
        const { status } = await curl(`POST ${path}`, body);
        expect([path, status >= 400 && status < 500]).toEqual([path, true]);
      }
      const alias = await curl('POST /key/generate', {
        key_alias: text,
        tags: [text],
        user_id: text,
      });
      expect([text, alias.status]).toEqual([text, 200]);
      expect(alias.body).toMatchObject({ key_alias: text, tags: [text], user_id: text });
      expect((await curl(`GET /key/list?key_alias=${named}`)).body.total_count).toBe(1);
    }
    const { rows } = await sql<{ n: number }>`select count(*)::int as n from virtual_key`.execute(
      owner,
    );
    expect(rows[0]?.n).toBeGreaterThan(SQL.length);
  });

  test('stays text in headers: no name of a key, a model or a session makes another header', async ({
    gateway,
    upstream,
    owner,
  }) => {
    const curl = curlAs(gateway, MASTER);
    upstream.answer = (_, reply) =>
      answer(reply, 200, { 'x-from-provider': 'caf\u00e9', 'set-cookie': 'a=b' });
    const evil = 'a\r\nx-injected: 1';
    const refused = await curl('POST /key/generate', { key_alias: evil });
    expect([refused.status, refused.headers.get('x-injected')]).toEqual([400, null]);
    const { key } = (await curl('POST /key/generate', { aliases: { [evil]: 'モデル/é "x"' } }))
      .body;
    const answered = await gateway.chat(key, { ...chat, model: evil });
    expect(answered.status).toBe(200);
    expect(answered.headers.get('x-injected')).toBeNull();
    expect(answered.headers.get('set-cookie')).toBeNull();
    expect(decodeURIComponent(answered.headers.get('x-litellm-model-group') ?? '')).toBe(
      'モデル/é "x"',
    );
    expect(upstream.asked.at(-1)?.headers['x-injected']).toBeUndefined();
    const missing = await gateway.chat(key, { ...chat, model: `no ${evil}\u2028\ud800` });
    expect([missing.status, missing.headers.get('x-injected')]).toEqual([404, null]);
    // Headers are bytes; what a client means by them is UTF-8.
    const agent = 'Ágnes 研究';
    const named = await gateway.post('/v1/chat/completions', chat, {
      authorization: `Bearer ${key}`,
      'x-sagewai-agent': Buffer.from(agent).toString('latin1'),
    });
    expect(named.status).toBe(200);
    expect((await wholeSpendOf(owner)).at(-1)).toMatchObject({ agent });
  });

  test('may be anything that JSON can say, lone surrogates too', async ({
    gateway,
    key,
    upstream,
  }) => {
    upstream.answer = answerAny;
    for (const text of [
      '\u0000',
      '\ud800',
      '\udfff\ud800',
      '😀',
      '\u2028',
      '\ufeff',
      '𝒳'.repeat(99),
    ]) {
      const body = JSON.stringify({ ...chat, messages: [{ role: 'user', content: text }] });
      const passed = await gateway.chat(key, body);
      expect([text, passed.status]).toEqual([text, 200]);
      expect(upstream.asked.at(-1)?.body.toString()).toBe(body.replace('"m"', '"m-upstream"'));
      const crossed = await gateway.chat(key, body.replace('"m"', '"claude"'));
      expect([text, crossed.status]).toEqual([text, 200]);
      const { messages } = JSON.parse(String(upstream.asked.at(-1)?.body));
      expect(JSON.stringify(messages)).toContain(JSON.stringify(text));
    }
    const raw = Buffer.from(
      '{"model":"m","messages":[{"role":"user","content":"\xff\xfe"}]}',
      'latin1',
    );
    expect((await gateway.chat(key, raw)).status).toBe(400);
  });
});

describe('what is far too much', () => {
  test('in a head or a body is refused, and the next call is served', async ({
    gateway,
    key,
    upstream,
  }) => {
    upstream.answer = answerAny;
    const bearer = { authorization: `Bearer ${key}` };
    const head = await gateway
      .post('/v1/chat/completions', chat, { ...bearer, x: 'x'.repeat(100_000) })
      .then(
        ({ status }) => status,
        () => 'closed',
      );
    expect(['closed', 431]).toContain(head);
    const huge = `{"model":"m","messages":[],"x":"${'x'.repeat(70 * 1024 * 1024)}"}`;
    const body = await gateway.chat(key, huge).then(
      ({ status }) => status,
      () => 'closed',
    );
    expect(['closed', 413]).toContain(body);
    expect((await gateway.chat(key, chat)).status).toBe(200);
  });

  test('of tools or of turns is passed, translated, and bounded by its bytes', async ({
    gateway,
    key,
    upstream,
  }) => {
    upstream.answer = answerAny;
    const tools = Array.from({ length: 5_000 }, (_, n) => ({
      type: 'function',
      function: { name: `t${n}`, description: 'd'.repeat(50), parameters: { type: 'object' } },
    }));
    const messages = Array.from({ length: 5_001 }, (_, n) => ({
      role: n % 2 === 0 ? 'user' : 'assistant',
      content: `turn ${n}`,
    }));
    for (const model of ['m', 'claude']) {
      const answered = await gateway.chat(key, { model, messages, tools });
      expect([model, answered.status]).toEqual([model, 200]);
      const sent = JSON.parse(String(upstream.asked.at(-1)?.body));
      expect([sent.tools.length, sent.messages.length]).toEqual([5_000, 5_001]);
    }
  });

  test('of depth is answered like anything else', async ({ gateway, key, upstream, owner }) => {
    upstream.answer = answerAny;
    const deep = (levels: number): string => '['.repeat(levels) + ']'.repeat(levels);
    for (const model of ['m', 'claude']) {
      for (const levels of [1_000, 100_000]) {
        for (const body of [
          `{"model":"${model}","messages":[{"role":"user","content":${deep(levels)}}]}`,
          `{"model":"${model}","messages":[{"role":"user","content":"x"}],"tools":[{"type":"function","function":{"name":"f","parameters":{"x":${deep(levels)}}}}]}`,
          `{"model":"${model}","messages":[{"role":"user","content":"x"}],"metadata":${deep(levels)}}`,
        ]) {
          const { status } = await gateway.chat(key, body);
          expect([model, levels, body.slice(0, 90), status < 500]).toEqual([
            model,
            levels,
            body.slice(0, 90),
            true,
          ]);
        }
      }
    }
    expect(await openReservations(owner)).toBe(0);
  });

  test('of calls at once on a key of one slot: one at a time is sent, each is answered', async ({
    gateway,
    upstream,
    owner,
  }) => {
    const curl = curlAs(gateway, MASTER);
    const { key } = (await curl('POST /key/generate', { max_parallel_requests: 1 })).body;
    let underWay = 0;
    let mostUnderWay = 0;
    upstream.answer = (_, reply) => {
      mostUnderWay = Math.max(mostUnderWay, ++underWay);
      setTimeout(() => {
        underWay -= 1;
        answer(reply, 200);
      }, 2);
    };
    const before = (await spendOf(owner)).length;
    const statuses = await Promise.all(
      Array.from({ length: 1_000 }, async () => {
        const answered = await gateway.chat(key, chat);
        await answered.text();
        return answered.status;
      }),
    );
    const served = statuses.filter((status) => status === 200).length;
    expect(mostUnderWay).toBe(1);
    expect(served).toBeGreaterThan(0);
    expect(statuses.filter((status) => status === 429)).toHaveLength(1_000 - served);
    expect((await spendOf(owner)).length - before).toBe(served);
    expect(await openReservations(owner)).toBe(0);
  });
});

describe('addresses that a request brings', () => {
  test('lead nowhere: neither a header, a field nor a path chooses where a call goes', async ({
    gateway,
    key,
    upstream,
  }) => {
    upstream.answer = answerAny;
    const trap = 'http://169.254.169.254/latest';
    const headers = {
      'x-portkey-custom-host': trap,
      'x-custom-host': trap,
      'x-litellm-api-base': trap,
      'helicone-openai-api-base': trap,
      'x-forwarded-host': '169.254.169.254',
      'x-original-url': '/key/generate',
      forwarded: 'host=169.254.169.254',
    };
    const fields = { api_base: trap, base_url: trap, custom_host: trap, azure_endpoint: trap };
    const answered = await gateway.post(
      '/v1/chat/completions',
      { ...chat, ...fields, extra_body: fields, litellm_params: fields },
      { authorization: `Bearer ${key}`, ...headers },
    );
    expect(answered.status).toBe(200);
    const asked = upstream.asked.at(-1);
    assert(asked);
    for (const name of Object.keys(headers))
      expect([name, asked.headers[name]]).toEqual([name, undefined]);
    for (const path of [
      '/v1/proxy/x',
      `/v1/proxy/${encodeURIComponent(trap)}`,
      '//169.254.169.254/v1/chat/completions',
    ]) {
      const { status } = await gateway.post(path, chat, {
        authorization: `Bearer ${key}`,
        ...headers,
      });
      expect([path, status]).toEqual([path, 404]);
    }
  });

  /** Each fetched something from inside in one gateway or another. */
  const INSIDE = [
    'http://127.0.0.1:1/v1',
    'http://localhost:1/v1',
    'http://localhost.:1/v1',
    'http://0.0.0.0:1/v1',
    'http://0:1/v1',
    'http://127.1:1/v1',
    'http://2130706433:1/v1',
    'http://0x7f.1:1/v1',
    'http://0177.0.0.1:1/v1',
    'http://[::1]:1/v1',
    'http://[::]:1/v1',
    'http://[::ffff:127.0.0.1]:1/v1',
    'http://[::ffff:7f00:1]:1/v1',
    'http://[64:ff9b::7f00:1]:1/v1',
    'http://[64:ff9b::10.0.0.1]:1/v1',
    'http://[2002:7f00:1::]:1/v1',
    'http://[2002:a00:1::]:1/v1',
    'http://[fd00::1]:1/v1',
    'http://[fe80::1]:1/v1',
    'http://[ff02::1]:1/v1',
    'http://10.0.0.1/v1',
    'http://172.16.0.1/v1',
    'http://192.168.0.1/v1',
    'http://100.64.0.1/v1',
    'http://198.18.0.1/v1',
    'http://224.0.0.1/v1',
    'http://255.255.255.255/v1',
    'http://169.254.169.254/v1',
    'http://169。254。169。254/v1',
    'http://metadata.google.internal/v1',
    'http://METADATA/v1',
    'http://100.100.100.200/v1',
    'http://192.0.0.192/v1',
    'http://168.63.129.16/v1',
    'http://api.openai.com@169.254.169.254/v1',
    'http://169.254.169.254#@api.openai.com/v1',
    'http://169.254.169.254\\@api.openai.com/v1',
    'file:///etc/passwd',
    'gopher://127.0.0.1:6379/_x',
    'ftp://10.0.0.1/x',
    'data:application/json,{}',
    'unix:/var/run/docker.sock',
    '//169.254.169.254/v1',
    'javascript:1',
  ];

  test('of a stored deployment are of the public internet, in whatever spelling (E1, E6)', async ({
    gateway,
  }) => {
    const curl = curlAs(gateway, MASTER);
    const ways: string[] = [];
    for (const api_base of INSIDE) {
      const spec = {
        model_name: `x-${randomBytes(4).toString('hex')}`,
        litellm_params: { model: 'openai/x', api_key: 'sk-x', api_base },
      };
      const { status } = await curl('POST /model/new', spec);
      ways.push(`${status} ${api_base}`);
    }
    // A name is only known to lead inside once it is looked up: see the next test.
    const named = (url: string): boolean => /^http:\/\/localhost\.?:/.test(url);
    expect(ways).toEqual(INSIDE.map((url) => `${named(url) ? 200 : 400} ${url}`));
  });

  test('of a stored deployment are not connected to where a name leads inside (E2, E6)', async ({
    gateway,
    upstream,
    key,
  }) => {
    upstream.answer = answerAny;
    const curl = curlAs(gateway, MASTER);
    const port = new URL(upstream.url).port;
    const spec = {
      model_name: 'inside',
      litellm_params: {
        model: 'openai/x',
        api_key: 'sk-x',
        api_base: `http://localhost:${port}/v1`,
      },
      model_info: { input_cost_per_token: 0, output_cost_per_token: 0 },
    };
    expect((await curl('POST /model/new', spec)).status).toBe(200);
    await gateway.runJob('gateway.refreshStoredModels');
    const asked = upstream.asked.length;
    const answered = await gateway.chat(key, { ...chat, model: 'inside' });
    expect(answered.status).toBe(502);
    expect(upstream.asked).toHaveLength(asked);
  });
});
