import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { StreamTap } from '../bytes/stream-tap.ts';
import { boundCall } from '../calls/plan-call.ts';
import { deploymentAt, PRICE } from '../gateway-fixture.ts';
import { buildModelTable } from '../models/model-table.ts';
import { boundInput } from '../money/meter.ts';
import { BLOCK, DELTA, eventOf, PING, said, START, STOP, STREAM } from './messages-fixture.ts';
import { readMessagesUsage } from './messages-usage.ts';
import { MESSAGES } from './messages.ts';

const ask = { model: 'm', max_tokens: 10, messages: [{ role: 'user', content: 'hello' }] };
const readOf = (more: object, headers = {}) => MESSAGES.read({ ...ask, ...more }, headers);

function run(chunks: readonly Buffer[]) {
  const tap = new StreamTap({
    reading: MESSAGES.stream,
    removeUsage: false,
    eventBytesMax: 65_536,
  });
  const early = Buffer.concat([...chunks.map((chunk) => Buffer.from(tap.push(chunk))), tap.end()]);
  return { tap, early: early.toString(), late: tap.release().toString() };
}

const USED = { input: 44, cachedInput: 4, cacheWrite: 30, cacheWriteHour: 10, output: 5 };

describe('a stream of messages', () => {
  test('passes and is counted alike, wherever its bytes are cut (M3, M5)', () => {
    const bytes = Buffer.from(STREAM.join(''));
    for (let at = 0; at <= bytes.length; at++) {
      const { tap, early, late } = run([bytes.subarray(0, at), bytes.subarray(at)]);
      expect(early + late).toBe(bytes.toString());
      expect(late).toBe(DELTA + STOP);
      expect(tap.usage).toMatchObject(USED);
      expect(tap.seen().outputChunks).toBe(2);
    }
  });

  test('passes whatever its text says, in any cut (M5)', () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.constantFrom('"message_stop"', '{"type":"error"}', '_tokens"', 'event: message_stop\n\n'),
    );
    fc.assert(
      fc.property(
        fc.array(text, { maxLength: 8 }),
        fc.array(fc.nat(), { maxLength: 20 }),
        (texts, cuts) => {
          const all = [START, BLOCK, ...texts.map((each) => said(each)), DELTA, STOP].join('');
          const bytes = Buffer.from(all);
          const places = cuts.map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b);
          const ends = [...places, bytes.length];
          const { tap, early, late } = run(
            ends.map((end, index) => bytes.subarray(ends[index - 1] ?? 0, end)),
          );
          expect(Buffer.from(early + late).equals(bytes)).toBe(true);
          expect(late).toBe(DELTA + STOP);
          expect(tap.usage).toMatchObject(USED);
          expect(tap.hasFailed).toBe(false);
        },
      ),
    );
  });

  test('that breaks off has told its input, and not what it cost (M3)', () => {
    const { tap } = run([Buffer.from(START + BLOCK + said('a'))]);
    expect(tap.usage).toBeUndefined();
    expect(tap.begun).toMatchObject({ input: 134, cachedInput: 4 });
    expect(tap.isDone).toBe(false);
  });

  test('that ends with an error is no complete one, and the error is kept to the end (M2)', () => {
    const error = eventOf({ type: 'error', error: { type: 'overloaded_error', message: 'x' } });
    const { tap, early, late } = run([Buffer.from(START + PING + error)]);
    expect(early).toBe(START + PING);
    expect(late).toBe(error);
    expect(tap.hasFailed).toBe(true);
  });

  test('of a later report that names less keeps what only the first one named', () => {
    const { tap } = run([
      Buffer.from(
        START + eventOf({ type: 'message_delta', delta: {}, usage: { output_tokens: 9 } }),
      ),
    ]);
    expect(tap.usage).toMatchObject({ input: 134, cachedInput: 4, cacheWriteHour: 10, output: 9 });
  });
});

describe('a usage of messages', () => {
  test('counts the cache beside the input, which leaves it out', () => {
    expect(
      readMessagesUsage({ input_tokens: 1, cache_read_input_tokens: 2, output_tokens: 3 }),
    ).toMatchObject({ input: 3, cachedInput: 2, cacheWrite: 0, output: 3 });
    expect(
      readMessagesUsage({ input_tokens: 1, cache_creation_input_tokens: 8, output_tokens: 3 }),
    ).toMatchObject({ input: 9, cacheWrite: 8, cacheWriteHour: 0 });
    expect(
      readMessagesUsage({
        input_tokens: 1,
        cache_creation: null,
        cache_creation_input_tokens: null,
        output_tokens: 0,
      }),
    ).toMatchObject({ input: 1, cacheWrite: 0 });
  });

  test('includes what a shortened prompt was charged beside it', () => {
    const iterations = [
      { type: 'compaction', input_tokens: 100, output_tokens: 10 },
      { type: 'message', input_tokens: 1, output_tokens: 2 },
    ];
    expect(readMessagesUsage({ input_tokens: 1, output_tokens: 2, iterations })).toMatchObject({
      input: 101,
      output: 12,
    });
  });

  test.each([
    [{ input_tokens: -1, output_tokens: 1 }],
    [{ input_tokens: 0.5, output_tokens: 1 }],
    [null],
    [{}],
  ])('that is none is not spent: %j', (usage) => {
    expect(readMessagesUsage(usage)).toBeUndefined();
  });
});

describe('a request of messages is bounded (M1)', () => {
  const boundOf = (content: unknown, more: object = {}): number =>
    boundInput(100, readOf({ messages: [{ role: 'user', content }], ...more }).parts, 200_000);

  test('by its bytes, where it is text', () => {
    const text = [{ type: 'text', text: 'x' }];
    const plain = boundOf('x');
    for (const content of [
      text,
      [{ type: 'tool_result', tool_use_id: 'a', content: 'x' }],
      [{ type: 'tool_result', tool_use_id: 'a', content: text }],
      [
        { type: 'thinking', thinking: 'x', signature: 'y' },
        { type: 'redacted_thinking', data: 'z' },
      ],
      [{ type: 'tool_use', id: 'a', name: 'b', input: {} }],
      [{ type: 'document', source: { type: 'text', data: 'x' } }],
      [{ type: 'document', source: { type: 'content', content: text } }],
    ]) {
      expect(boundOf(content)).toBe(plain);
    }
  });

  test('by the dearest picture, wherever it is', () => {
    const image = { type: 'image', source: { type: 'url', url: 'https://x/y.png' } };
    const plain = boundOf('x');
    expect(boundOf([image])).toBe(plain + 50_000);
    expect(boundOf([{ type: 'tool_result', content: [image, image] }])).toBe(plain + 100_000);
    expect(boundOf('x', { system: [image] })).toBe(plain + 50_000);
  });

  test('by the whole context, where it may be anything', () => {
    for (const block of [
      { type: 'document', source: { type: 'base64', data: 'x' } },
      { type: 'document', source: { type: 'url', url: 'https://x/y.pdf' } },
      { type: 'container_upload', file_id: 'x' },
      { type: 'tool_result', content: [{ type: 'unheard_of' }] },
      { type: 'text', '\\': 'x' },
      null,
    ]) {
      expect(boundOf([block])).toBe(200_000);
    }
  });

  test('by the longer context that it asks for', () => {
    expect(readOf({}, { 'anthropic-beta': 'a,context-1m-2025-08-07' }).parts.isLong).toBe(true);
    expect(readOf({}).parts.isLong).toBe(false);
  });

  test('by the rate of an hour, where anything asks to be kept for one', () => {
    const mark = { cache_control: { type: 'ephemeral', ttl: '1h' } };
    const block = { type: 'text', text: 'x', ...mark };
    for (const more of [
      mark,
      { system: [block] },
      { tools: [{ name: 't', ...mark }] },
      { messages: [{ role: 'user', content: [block] }] },
      { messages: [{ role: 'user', content: [{ type: 'tool_result', content: [block] }] }] },
    ]) {
      expect(readOf(more).keepsHour).toBe(true);
    }
    const minutes = { cache_control: { type: 'ephemeral' } };
    expect(readOf({ system: [{ type: 'text', text: 'x', ...minutes }] }).keepsHour).toBe(false);
  });
});

test.each([
  [
    'tools.web_search_20250305 without a small max_uses',
    { tools: [{ type: 'web_search_20250305', name: 'web_search' }] },
  ],
  [
    'tools.web_fetch_20250910 without a small max_uses',
    { tools: [{ type: 'web_fetch_20250910', max_uses: 1e9 }] },
  ],
  ['tools.web_search_20990101', { tools: [{ type: 'web_search_20990101', max_uses: 1 }] }],
  ['tools.code_execution_20250825', { tools: [{ type: 'code_execution_20250825', max_uses: 1 }] }],
  ['tools.mcp_toolset', { tools: [{ type: 'mcp_toolset' }] }],
  ['mcp_servers', { mcp_servers: [] }],
  ['container', { container: 'c' }],
  ['context_management.compact', { context_management: { edits: [{ type: 'compact_20260112' }] } }],
  [undefined, { context_management: { edits: [{ type: 'clear_tool_uses_20250919' }] } }],
  ['speed', { speed: 'fast' }],
  ['inference_geo', { inference_geo: 'us' }],
  ['service_tier', { service_tier: 'flex' }],
  [
    undefined,
    { tools: [{ name: 't' }, { type: 'bash_20250124', name: 'bash' }], speed: 'standard' },
  ],
])('what has a fee of its own is %s (M4)', (what, more) => {
  expect(readOf(more).unpriced).toBe(what);
});

test('tools that the provider runs are bounded by how often they may be used (M1)', () => {
  const tools = [
    { type: 'web_search_20250305', name: 'web_search', max_uses: 8 },
    { type: 'web_fetch_20250910', name: 'web_fetch', max_uses: 2 },
    { name: 'mine' },
  ];
  const asked = readOf({ tools });
  expect(asked).toMatchObject({ unpriced: undefined, serverTools: { searches: 8, rounds: 10 } });
  expect(readOf({ tools: [{ name: 'mine' }] }).serverTools).toBeUndefined();
  const { groups } = buildModelTable([
    deploymentAt('http://x/v1', { price: { ...PRICE, perSearch: 7n } }),
    deploymentAt('http://x/v1', { id: 'dearer', price: { ...PRICE, perSearch: 9n } }),
  ]);
  const [group] = groups;
  if (group === undefined) throw new Error('no group');
  const plain = boundCall(readOf({}), 100, group, true);
  const bounds = boundCall(asked, 100, group, true);
  expect(bounds.inputMax).toBe(plain.inputMax + 10 * 100_000);
  expect([plain.feesMax, bounds.feesMax]).toEqual([0n, 72n]);
});

describe('headers and queries of a client', () => {
  test("pass where they are Anthropic's, and no other", () => {
    expect(
      MESSAGES.passHeaders({
        'anthropic-beta': 'a,b',
        'anthropic-unheard-of': 'c',
        'x-api-key': 'sk-ours',
        authorization: 'Bearer sk-ours',
        cookie: 'd',
      }),
    ).toEqual({ 'anthropic-beta': 'a,b', 'anthropic-unheard-of': 'c' });
    expect(MESSAGES.passHeaders({ 'x-api-key': 'sk-ours' })).toBeNull();
  });

  test.each([
    ['/v1/messages?beta=true', '?beta=true'],
    ['/v1/messages?a=b&beta=true', '?beta=true'],
    ['/v1/messages?xbeta=true', ''],
    ['/v1/messages?beta=truest', ''],
    ['/v1/messages?key=secret', ''],
  ])('%s gives %j', (url, query) => {
    expect(MESSAGES.passQuery(url)).toBe(query);
  });
});
