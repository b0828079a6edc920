import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import type { FormatName } from '../formats/format.ts';
import { guardrailOf, PII_RULE, SECRETS_RULE, TICKET_RULE } from './guardrail-fixture.ts';
import type { Guardrail } from './guardrail.ts';
import { StreamGuard } from './stream-guard.ts';
import { streamTextsOf } from './stream-texts.ts';
import { readWholeStream } from './stream-whole.ts';

/** How a text is told in pieces, and how it is read again. */
interface Spoken {
  readonly format: FormatName;
  readonly tell: (pieces: readonly string[]) => string[];
  readonly hear: (event: Record<string, never>) => string | undefined;
  readonly isEvents: boolean;
}

const sse = (event: object): string => `data: ${JSON.stringify(event)}\n\n`;
const named = (event: { type: string }): string => `event: ${event.type}\n${sse(event)}`;

const SPOKEN: readonly Spoken[] = [
  {
    format: 'chat',
    isEvents: true,
    tell: (pieces) => [
      sse({
        choices: [{ index: 0, delta: { role: 'assistant', content: '' }, finish_reason: null }],
      }),
      ...pieces.map((content) =>
        sse({ id: 'c', choices: [{ index: 0, delta: { content }, finish_reason: null }] }),
      ),
      sse({ choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] }),
      'data: [DONE]\n\n',
    ],
    hear: (event) =>
      (event as { choices?: { delta: { content?: string } }[] }).choices?.[0]?.delta.content,
  },
  {
    format: 'chat',
    isEvents: true,
    tell: (pieces) => [
      ...pieces.map((text) =>
        sse({
          choices: [
            { index: 0, delta: { tool_calls: [{ index: 1, function: { arguments: text } }] } },
            { index: 1, delta: { content: text } },
          ],
        }),
      ),
      sse({ choices: [{ index: 0, delta: {}, finish_reason: 'tool_calls' }] }),
      'data: [DONE]\n\n',
    ],
    hear: (event) =>
      (
        event as {
          choices?: { delta: { tool_calls?: { function: { arguments: string } }[] } }[];
        }
      ).choices?.[0]?.delta.tool_calls?.[0]?.function.arguments,
  },
  {
    format: 'messages',
    isEvents: true,
    tell: (pieces) => [
      named({
        type: 'content_block_start',
        index: 0,
        content_block: { type: 'text', text: '' },
      } as never),
      ...pieces.flatMap((text) => [
        named({
          type: 'content_block_delta',
          index: 0,
          delta: { type: 'text_delta', text },
        } as never),
        named({ type: 'ping' }),
      ]),
      named({ type: 'content_block_stop', index: 0 } as never),
      named({ type: 'message_stop' }),
    ],
    hear: (event) => (event as { delta?: { text?: string } }).delta?.text,
  },
  {
    format: 'responses',
    isEvents: true,
    tell: (pieces) => [
      ...pieces.map((delta) =>
        named({
          type: 'response.output_text.delta',
          item_id: 'i',
          output_index: 0,
          content_index: 0,
          delta,
        } as never),
      ),
      named({
        type: 'response.output_text.done',
        item_id: 'i',
        output_index: 0,
        content_index: 0,
        text: pieces.join(''),
      } as never),
      named({
        type: 'response.completed',
        response: { output: [{ text: pieces.join('') }] },
      } as never),
    ],
    hear: (event) => (event as { delta?: string }).delta,
  },
  {
    format: 'gemini',
    isEvents: true,
    tell: (pieces) => [
      ...pieces.map((text) =>
        sse({ candidates: [{ index: 0, content: { role: 'model', parts: [{ text }] } }] }),
      ),
      sse({ candidates: [{ index: 0, content: { parts: [{ text: '' }] }, finishReason: 'STOP' }] }),
    ],
    hear: (event) =>
      (event as { candidates?: { content: { parts: { text: string }[] } }[] }).candidates?.[0]
        ?.content.parts[0]?.text,
  },
  {
    format: 'ollama-chat',
    isEvents: false,
    tell: (pieces) => [
      ...pieces.map((content) => `${JSON.stringify({ message: { content }, done: false })}\n`),
      `${JSON.stringify({ message: { content: '' }, done: true })}\n`,
    ],
    hear: (event) => (event as { message?: { content?: string } }).message?.content,
  },
];

const open = (
  spoken: Pick<Spoken, 'format' | 'isEvents'>,
  guardrails: readonly Guardrail[],
): StreamGuard =>
  new StreamGuard({
    guardrails,
    texts: streamTextsOf(spoken.format),
    isEvents: spoken.isEvents,
    bytesMax: 1_000_000,
  });

/** What a client has, and after each chunk what it had by then. */
function pass(guard: StreamGuard, chunks: readonly Buffer[]): { told: string; steps: string[] } {
  let told = '';
  const steps: string[] = [];
  for (const chunk of chunks) {
    told += guard.push(chunk).toString();
    steps.push(told);
  }
  told += guard.end().toString();
  return { told, steps };
}

function textOf({ hear, isEvents }: Spoken, told: string): string {
  const data = isEvents
    ? told.split('\n').flatMap((line) => (line.startsWith('data: {') ? [line.slice(6)] : []))
    : told.split('\n').filter(Boolean);
  return data.map((json) => hear(JSON.parse(json) as Record<string, never>) ?? '').join('');
}

const split = (text: string, at: readonly number[]): string[] => {
  const cuts = [...new Set(at.map((each) => each % (text.length + 1)))].toSorted((a, b) => a - b);
  return [...cuts, text.length].map((cut, index) =>
    text.slice(index === 0 ? 0 : cuts[index - 1], cut),
  );
};

const SECRET = `ghp_${'aB3'.repeat(12)}`;

describe.each(SPOKEN)('a stream of $format', (spoken) => {
  test('never lets out a secret, wherever it is split (W4)', () => {
    const text = `the token is ${SECRET}, use it.`;
    for (let at = 0; at <= text.length; at++) {
      const chunks = spoken
        .tell([text.slice(0, at), text.slice(at)])
        .map((event) => Buffer.from(event));
      const { told } = pass(open(spoken, [SECRETS_RULE]), chunks);
      expect(textOf(spoken, told)).toBe('the token is [GITHUB_TOKEN], use it.');
      expect(told).not.toContain(SECRET.slice(0, 12));
    }
  });

  test('never lets out any of what is found, in pieces of any size (W4)', () => {
    const parts = fc.constantFrom(
      SECRET,
      ' a@example.com ',
      ' 4111 1111 1111 1111 ',
      ' ACME-1234 ',
      'plain words, ',
      ' é😀 ',
      'x'.repeat(700),
      `-----BEGIN PRIVATE KEY-----${'k'.repeat(2_000)}-----END PRIVATE KEY-----`,
    );
    fc.assert(
      fc.property(
        fc.array(parts, { minLength: 1, maxLength: 6 }),
        fc.array(fc.nat(), { maxLength: 20 }),
        fc.array(fc.nat(), { maxLength: 10 }),
        (texts, cuts, packets) => {
          const text = texts.join(' ');
          const whole = spoken.tell(split(text, cuts)).join('');
          const chunks = split(whole, packets).map((chunk) => Buffer.from(chunk));
          const guard = open(spoken, [SECRETS_RULE, PII_RULE, TICKET_RULE]);
          const { told, steps } = pass(guard, chunks);
          for (const step of [...steps, told]) {
            const heard = textOf(spoken, step.slice(0, step.lastIndexOf('\n') + 1));
            for (const secret of [
              'ghp_aB3',
              '@example',
              '4111 1111',
              'ACME-1',
              'kkkkk',
              'BEGIN PRIV',
            ]) {
              expect(heard).not.toContain(secret);
            }
          }
          expect(guard.blocked).toBeUndefined();
        },
      ),
      { numRuns: 40 },
    );
  });

  test('in which nothing is found keeps its bytes (W3)', () => {
    fc.assert(
      fc.property(
        fc.array(fc.string({ unit: 'binary', maxLength: 40 }), { maxLength: 30 }),
        fc.array(fc.nat(), { maxLength: 10 }),
        (pieces, packets) => {
          const whole = Buffer.from(spoken.tell(pieces).join(''));
          const cuts = [...new Set(packets.map((at) => at % (whole.length + 1)))].toSorted(
            (a, b) => a - b,
          );
          const chunks = [...cuts, whole.length].map((cut, index) =>
            whole.subarray(index === 0 ? 0 : cuts[index - 1], cut),
          );
          const none = guardrailOf({ find: (text) => (text.includes('\u0000never') ? [] : []) });
          expect(pass(open(spoken, [none, TICKET_RULE]), chunks).told).toBe(whole.toString());
        },
      ),
      { numRuns: 30 },
    );
  });

  test('that is to be blocked ends before anything of it is out', () => {
    const guard = open(spoken, [guardrailOf({ name: 'no', action: 'block' })]);
    const chunks = spoken.tell(['hello ', SECRET.slice(0, 20), SECRET.slice(20), ' more']);
    const { told } = pass(
      guard,
      chunks.map((event) => Buffer.from(event)),
    );
    expect(guard.blocked).toMatchObject({ did: 'blocked', what: 'GITHUB_TOKEN', phase: 'post' });
    expect(told).not.toContain('ghp_');
  });

  test('goes out as it comes, but for its last characters', () => {
    const guard = open(spoken, [SECRETS_RULE]);
    const events = spoken.tell(
      Array.from({ length: 40 }, (_, at) =>
        `word number ${at} of so many words in all. `.repeat(3),
      ),
    );
    let told = 0;
    for (const event of events.slice(0, -3)) told += guard.push(Buffer.from(event)).length;
    expect(told).toBeGreaterThan(events.slice(0, -3).join('').length / 2);
  });
});

test('what has no end is not let out', () => {
  const [chat] = SPOKEN;
  if (chat === undefined) throw new Error('no format');
  const guard = open(chat, [SECRETS_RULE]);
  const pieces = [
    '-----BEGIN PRIVATE KEY-----',
    ...Array.from({ length: 80 }, () => 'k'.repeat(1_000)),
  ];
  const { told } = pass(
    guard,
    chat.tell(pieces).map((event) => Buffer.from(event)),
  );
  expect(guard.blocked?.what).toBe('PRIVATE_KEY');
  expect(told).not.toContain('kkk');
});

test('a format that nobody knows is held to its end, and nothing gets by (W2)', () => {
  const guard = new StreamGuard({
    guardrails: [SECRETS_RULE],
    texts: streamTextsOf(undefined),
    isEvents: true,
    bytesMax: 100_000,
  });
  const tell = (text: string) => sse({ candidates: [{ content: { parts: [{ text }] } }] });
  const chunks = [tell(SECRET.slice(0, 9)), tell(SECRET.slice(9)), tell(' end')];
  const { told } = pass(
    guard,
    chunks.map((chunk) => Buffer.from(chunk)),
  );
  expect(told).toContain('[GITHUB_TOKEN]');
  expect(told).not.toContain('ghp_');
});

test('data that is no JSON is not let out, and that is told like any deed (W2)', () => {
  const after = [SECRETS_RULE];
  const guardOf = (isEvents: boolean): StreamGuard =>
    new StreamGuard({
      guardrails: after,
      texts: streamTextsOf('chat'),
      isEvents,
      bytesMax: 1_000_000,
    });
  const plain = ': ping\n\nevent: ping\n\ndata:\n\n\uFEFFdata: [DONE]\n\ndata:[DONE]\r\n\r\n';
  const passes = guardOf(true);
  expect(Buffer.concat([passes.push(Buffer.from(plain)), passes.end()]).toString()).toBe(plain);
  const choice = '{"choices":[{"index":0,"delta":{"content":"gh"}}]}';
  for (const [isEvents, told] of [
    [true, 'data: {"choices":\ndata: [{"index":0,"delta":{"content":"gh"}}]}\n\n'],
    [true, `data: ${choice}\rdata\r\r`],
    [true, `\uFEFFdata: ${choice}\n\n`],
    [true, 'data: gh\n\n'],
    [false, 'gh\n'],
  ] as const) {
    const guard = guardOf(isEvents);
    expect(Buffer.concat([guard.push(Buffer.from(told)), guard.end()]).toString()).toBe('');
    expect(guard.blocked?.what).toBe('UNINSPECTABLE:stream');
    expect(guard.deeds).toEqual([guard.blocked]);
  }
});

test('a stream that was kept whole gives its texts, and takes others', () => {
  const [chat] = SPOKEN;
  if (chat === undefined) throw new Error('no format');
  const bytes = Buffer.from(chat.tell(['one ', 'two ', 'three']).join(''));
  const whole = readWholeStream(bytes, streamTextsOf('chat'), true);
  const at = whole.texts.indexOf('one two three');
  expect(at).toBeGreaterThan(-1);
  expect(whole.told(whole.texts)).toEqual(bytes);
  const changed = whole.told(whole.texts.with(at, 'other')).toString();
  expect(textOf(chat, changed)).toBe('other');
});
