import type { OutgoingHttpHeaders, ServerResponse } from 'node:http';
import { gzipSync } from 'node:zlib';

import { expect, test } from 'vitest';

import { CHAT } from '../formats/chat.ts';
import { BlockedAfter, GuardReply } from './guard-reply.ts';
import { guardrailOf, SECRETS_RULE } from './guardrail-fixture.ts';

const TOKEN = `ghp_${'aB3'.repeat(12)}`;

/** What a client is told, as far as a guarded answer needs it. */
function clientOf() {
  const said: { status: number; body: string } = { status: 0, body: '' };
  const reply = {
    destroyed: false,
    writeHead: (status: number) => {
      said.status = status;
    },
    write: () => true,
    end: (chunk: Buffer) => {
      said.body = String(chunk);
    },
    flushHeaders: () => undefined,
  } as unknown as ServerResponse;
  return { reply, said };
}

async function tell(
  body: Buffer,
  of: { status?: number; headers?: OutgoingHttpHeaders; bytesMax?: number },
) {
  const { reply, said } = clientOf();
  const guarded = new GuardReply({
    reply,
    format: CHAT,
    checking: {
      guardrails: [guardrailOf(SECRETS_RULE)],
      phase: 'post',
      asking: { id: 'i', at: new Date(0), call: {} },
      post: async () => ({ status: 500, text: '' }),
    },
    bytesMax: of.bytesMax ?? 10_000,
  });
  reply.writeHead(of.status ?? 200, { 'content-type': 'application/json', ...of.headers });
  reply.end(body);
  await guarded.finish();
  return said;
}

const answer = Buffer.from(`{"content":"${TOKEN}"}`);

test.each([200, 201, 206])('a success of any status is looked at: %i (W1)', async (status) => {
  expect(await tell(answer, { status })).toEqual({
    status,
    body: '{"content":"[GITHUB_TOKEN]"}',
  });
});

test('what is coded, or longer than is kept, cannot be looked into, and is not told (W2)', async () => {
  const coded = { headers: { 'content-encoding': 'gzip' } };
  for (const [body, of] of [
    [gzipSync(answer), coded],
    [answer, { bytesMax: 10 }],
  ] as const) {
    const refused = await tell(body, of).catch((thrown: unknown) => thrown);
    expect(refused).toBeInstanceOf(BlockedAfter);
    expect(refused).toMatchObject({ deed: { what: 'UNINSPECTABLE:body' } });
  }
});

test('a refusal of a provider is no word of a model', async () => {
  expect((await tell(answer, { status: 422 })).body).toContain(TOKEN);
});
