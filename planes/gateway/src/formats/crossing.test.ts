import type { JsonObject } from '@sagewai/translate';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { CrossTap } from '../bytes/cross-tap.ts';
import { deploymentAt } from '../gateway-fixture.ts';
import { CHAT_OVER_MESSAGES } from './chat-over-messages.ts';
import { CHAT } from './chat.ts';
import { compose, type Crossing } from './crossing.ts';
import { MESSAGE, STREAM } from './messages-fixture.ts';
import { MESSAGES_OVER_CHAT } from './messages-over-chat.ts';
import { MESSAGES } from './messages.ts';

const OPTIONS = {
  deployment: deploymentAt('http://x/v1'),
  maxTokensDefault: 100,
  createdAt: 1,
  outputCap: undefined,
  now: () => new Date(0),
  inputTokensEstimate: 7,
};
const ASK = {
  model: 'm',
  max_tokens: 50,
  stream: true,
  stream_options: { include_usage: true },
  messages: [{ role: 'user', content: 'hello' }],
};

const chunk = (delta: object, finish_reason: string | null = null): string =>
  CHAT.frame({
    id: 'c',
    model: 'x',
    choices: [{ index: 0, delta: delta as JsonObject, finish_reason }],
    usage: null,
  });
const CHAT_STREAM = [
  chunk({ role: 'assistant', content: '' }),
  chunk({ content: 'hé' }),
  ': a comment\n\n',
  chunk({ content: 'llo' }),
  chunk({}, 'stop'),
  CHAT.frame({ choices: [], usage: { prompt_tokens: 9, completion_tokens: 5 } }),
  CHAT.lastFrame,
].join('');

const WAYS = [
  {
    name: 'messages over chat',
    crossing: MESSAGES_OVER_CHAT,
    client: MESSAGES,
    upstream: CHAT,
    bytes: CHAT_STREAM,
    last: 'event: message_stop\n',
  },
  {
    name: 'chat over messages',
    crossing: CHAT_OVER_MESSAGES,
    client: CHAT,
    upstream: MESSAGES,
    bytes: STREAM.join(''),
    last: 'data: [DONE]\n\n',
  },
] as const;

function run(way: (typeof WAYS)[number], chunks: readonly Buffer[]) {
  const { client, upstream, crossing } = way;
  const crossed = crossing.open(ASK, OPTIONS);
  const tap = new CrossTap({ client, upstream, crossed, eventBytesMax: 65_536 });
  const early = Buffer.concat([...chunks.map((each) => Buffer.from(tap.push(each))), tap.end()]);
  return { tap, early: early.toString(), late: tap.release().toString() };
}

describe.each(WAYS)('a stream of $name', (way) => {
  test('says and costs the same wherever it is cut, and ends only when it may (M2, M3)', () => {
    const bytes = Buffer.from(way.bytes);
    const whole = run(way, [bytes]);
    expect(whole.early).toContain('hé');
    expect(whole.early).toContain('llo');
    expect(whole.early).not.toContain(way.last);
    expect(whole.late).toContain(way.last);
    fc.assert(
      fc.property(fc.array(fc.nat(bytes.length), { maxLength: 30 }), (cuts) => {
        const ends = [...cuts.sort((a, b) => a - b), bytes.length];
        const cut = run(
          way,
          ends.map((end, index) => bytes.subarray(ends[index - 1] ?? 0, end)),
        );
        expect(cut.early + cut.late).toBe(whole.early + whole.late);
        expect(cut.tap.usage).toEqual(whole.tap.usage);
        expect(cut.tap.seen()).toEqual(whole.tap.seen());
      }),
    );
  });

  test('that fails ends with the error, which is held, and with nothing after it (M2)', () => {
    const error =
      way.upstream === CHAT
        ? CHAT.frame({ error: { message: 'busy', code: 429 } })
        : MESSAGES.frame({ type: 'error', error: { type: 'rate_limit_error', message: 'busy' } });
    // It is over with the error, whatever else the provider might send.
    expect(run(way, [Buffer.from(error)]).tap.isDone).toBe(true);
    const { tap, early, late } = run(way, [Buffer.from(error + way.bytes)]);
    expect(early).toBe('');
    expect(tap.hasFailed && tap.isDone).toBe(true);
    const [, data] = late.split('data: ');
    expect(JSON.parse(data ?? '')).toMatchObject({
      error: { type: 'rate_limit_error', message: 'busy' },
    });
    expect(late).not.toContain(way.last);
  });
});

test('two crossings are one: requests, answers, errors and streams go through both', () => {
  const both: Crossing = compose(MESSAGES_OVER_CHAT, CHAT_OVER_MESSAGES);
  expect([both.client, both.upstream]).toEqual(['messages', 'messages']);
  const call = both.open({ ...ASK, top_k: 5 }, OPTIONS);
  expect(call.body).toMatchObject({ max_tokens: 50, messages: ASK.messages });
  expect(call.lost).toEqual(['top_k']);
  expect(call.answer(MESSAGE)).toMatchObject({
    content: MESSAGE.content,
    usage: { input_tokens: 10, cache_read_input_tokens: 4, output_tokens: 5 },
  });
  const error = { type: 'error', error: { type: 'not_found_error', message: 'no' } };
  expect(call.error(error, 404)).toMatchObject(error);
  const stream = call.stream();
  const events = STREAM.flatMap((event) =>
    stream.push(JSON.parse(event.split('data: ')[1] ?? '') as JsonObject),
  );
  const types = [...events, ...stream.end()].map(({ type }) => type);
  expect(types[0]).toBe('message_start');
  expect(types.slice(-2)).toEqual(['message_delta', 'message_stop']);
});
