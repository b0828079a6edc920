import { expect, test } from 'vitest';

import { checkBody } from './check-body.ts';
import { guardrailOf, SECRETS_RULE } from './guardrail-fixture.ts';

const TOKEN = `ghp_${'aB3'.repeat(12)}`;

const check = (body: Buffer, type: string, guardrail = SECRETS_RULE) =>
  checkBody(body, type, {
    guardrails: [guardrail],
    phase: 'post',
    asking: { id: 'i', at: new Date(0), call: {} },
    post: async () => ({ status: 500, text: '' }),
  });

test('what is no JSON is read as text, whatever it calls itself', async () => {
  const lines = Buffer.from(`{"text":"${TOKEN}"}\n{"text":"plain"}\n`);
  for (const type of ['application/octet-stream', 'application/jsonl', 'text/plain', '']) {
    const { body, blocked } = await check(lines, type);
    expect(body.toString()).toBe('{"text":"[GITHUB_TOKEN]"}\n{"text":"plain"}\n');
    expect(blocked).toBeUndefined();
  }
  const plain = Buffer.from('{"a":1}\n{"b":2}\n');
  expect((await check(plain, 'application/octet-stream')).body).toBe(plain);
});

test('bytes that are no text are never written anew: they pass, or are blocked', async () => {
  const bytes = Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from(` ${TOKEN} `)]);
  const found = await check(bytes, 'application/octet-stream');
  expect(found).toMatchObject({ body: bytes, blocked: { did: 'blocked', what: 'GITHUB_TOKEN' } });
  const none = Buffer.from([0xff, 0xfe, 0]);
  expect(await check(none, 'application/octet-stream')).toMatchObject({ blocked: undefined });
});

test('pictures and sound pass unread, unless a rule says that they do not', async () => {
  const sound = Buffer.from([0xff, 0xfb, 0x90]);
  expect(await check(sound, 'audio/mpeg')).toMatchObject({ body: sound, blocked: undefined });
  const strict = guardrailOf({ uninspectable: 'block' });
  expect(await check(sound, 'audio/mpeg', strict)).toMatchObject({
    blocked: { what: 'UNINSPECTABLE:body' },
  });
});

test('a form is read where it is text, and blocked where it would have to be redacted', async () => {
  const form = (filename: string, content: string): Buffer =>
    Buffer.from(
      `--x\r\ncontent-disposition: form-data; name="file"; filename="${filename}"\r\n\r\n${content}\r\n--x--\r\n`,
    );
  const type = 'multipart/form-data; boundary=x';
  expect((await check(form('a.jsonl', TOKEN), type)).blocked).toMatchObject({
    what: 'GITHUB_TOKEN',
  });
  expect((await check(form('a.jsonl', 'plain'), type)).blocked).toBeUndefined();
  expect((await check(form('a.wav', '\u0000'), type)).blocked).toBeUndefined();
  const sound = (filename: string, of: Buffer): Buffer => {
    const [before = '', after = ''] = form(filename, '|').toString().split('|');
    return Buffer.concat([Buffer.from(before), of, Buffer.from(after)]);
  };
  const noise = Buffer.from([0xff, 0xfb, 0x90]);
  const strict = guardrailOf({ uninspectable: 'block' });
  expect((await check(sound('a.wav', noise), type)).blocked).toBeUndefined();
  expect((await check(sound('a.wav', noise), type, strict)).blocked).toMatchObject({
    what: 'UNINSPECTABLE:file',
  });
  // The name of a file decides nothing where its bytes can be read.
  for (const filename of ['requests', 'a.wav', 'a.bin']) {
    const { blocked } = await check(form(filename, TOKEN), type);
    expect([filename, blocked?.what]).toEqual([filename, 'GITHUB_TOKEN']);
  }
});

test('lines of JSON are read as JSON: what is escaped in them, or follows an escape, is found (W1)', async () => {
  const escaped = `\\u0067${TOKEN.slice(1)}`;
  const lines = Buffer.from(
    `{"body":{"content":"first\\n${TOKEN}"}}\r\n\n{"body":{"content":"${escaped}"}}`,
  );
  const { body, blocked } = await check(lines, 'application/octet-stream');
  expect(blocked).toBeUndefined();
  expect(body.toString()).toBe(
    '{"body":{"content":"first\\n[GITHUB_TOKEN]"}}\r\n\n{"body":{"content":"[GITHUB_TOKEN]"}}',
  );
  const form = (content: string): Buffer =>
    Buffer.from(
      `--x\r\ncontent-disposition: form-data; name="file"; filename="a.jsonl"\r\n\r\n${content}\r\n--x--\r\n`,
    );
  const type = 'multipart/form-data; boundary=x';
  for (const content of [lines.toString(), `{"a":"${escaped}"}`]) {
    expect((await check(form(content), type)).blocked).toMatchObject({ what: 'GITHUB_TOKEN' });
  }
  const tokens = '{"body":{"model":"m","input":[1,2]}}\n{"body":{"model":"m","input":[[3]]}}\n';
  const strict = guardrailOf({ uninspectable: 'block' });
  expect((await check(form(tokens), type, strict)).blocked).toMatchObject({
    what: 'UNINSPECTABLE:tokens',
  });
});
