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
  const form = (filename: string, content: string | Buffer): Buffer =>
    Buffer.concat([
      Buffer.from(
        `--x\r\ncontent-disposition: form-data; name="file"; filename="${filename}"\r\n\r\n`,
      ),
      Buffer.from(content),
      Buffer.from('\r\n--x--\r\n'),
    ]);
  const type = 'multipart/form-data; boundary=x';
  expect((await check(form('a.jsonl', TOKEN), type)).blocked).toMatchObject({
    what: 'GITHUB_TOKEN',
  });
  expect((await check(form('a.jsonl', 'plain'), type)).blocked).toBeUndefined();
  // A batch is taken under any name, and read by its provider with its escapes.
  expect((await check(form('a.wav', TOKEN), type)).blocked).toMatchObject({ did: 'blocked' });
  const escaped = `{"a":"\\u0067${TOKEN.slice(1)}"}\n{"b":1}`;
  expect((await check(form('a.jsonl', escaped), type)).blocked).toMatchObject({ did: 'blocked' });
  const sound = Buffer.concat([Buffer.from([0xff, 0xfb]), Buffer.from(TOKEN)]);
  expect((await check(form('a.wav', sound), type)).blocked).toBeUndefined();
});
