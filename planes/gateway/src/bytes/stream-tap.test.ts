import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { CHAT } from '../formats/chat.ts';
import { StreamTap } from './stream-tap.ts';

const EVENT_BYTES_MAX = 4_096;

function chunkOf(content: string): string {
  return `data: ${JSON.stringify({ id: 'c', choices: [{ index: 0, delta: { content } }], usage: null })}`;
}
const USAGE = `data: ${JSON.stringify({ id: 'c', choices: [], usage: { prompt_tokens: 7, completion_tokens: 5, total_tokens: 12 } })}`;
const DONE = 'data: [DONE]';

/** Cuts at the given places, in any order; repeats make empty chunks. */
function cut(bytes: Buffer, places: readonly number[]): Buffer[] {
  const ordered = [
    0,
    ...places.map((p) => p % (bytes.length + 1)).sort((a, b) => a - b),
    bytes.length,
  ];
  return ordered.slice(1).map((end, index) => bytes.subarray(ordered[index], end));
}

function run(chunks: readonly Buffer[], removeUsage: boolean) {
  const tap = new StreamTap({ reading: CHAT.stream, removeUsage, eventBytesMax: EVENT_BYTES_MAX });
  const early = Buffer.concat([...chunks.map((chunk) => Buffer.from(tap.push(chunk))), tap.end()]);
  return { tap, early, late: tap.release() };
}

const places = fc.array(fc.nat(), { maxLength: 40 });
const newline = fc.constantFrom('\n', '\r\n');
const text = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.constantFrom('_tokens"', '"usage":{"prompt_tokens":1}', '[DONE]', 'data: [DONE]\n\n', '€😀'),
);
const event = fc.oneof(
  text.map(chunkOf),
  text.map((t) => `: ${t.replaceAll(/[\r\n]/g, '')}`),
  fc.constant('event: ping'),
  fc.constant(''),
);

describe('the bytes', () => {
  test('that go out are the bytes that came in, however they were cut (M5)', () => {
    fc.assert(
      fc.property(fc.array(event), newline, fc.boolean(), places, (events, nl, isDone, cuts) => {
        const all = [...events, USAGE, ...(isDone ? [DONE] : [])];
        const bytes = Buffer.from(all.map((e) => e + nl + nl).join(''));
        const { early, late, tap } = run(cut(bytes, cuts), false);
        expect(Buffer.concat([early, late]).equals(bytes)).toBe(true);
        expect(tap.usage).toMatchObject({ input: 7, output: 5 });
        expect(tap.isDone).toBe(isDone);
      }),
      { numRuns: 400 },
    );
  });

  test('lack exactly the usage event when only we asked for it (M5)', () => {
    fc.assert(
      fc.property(fc.array(event), newline, places, (events, nl, cuts) => {
        const spell = (all: readonly string[]): Buffer =>
          Buffer.from(all.map((e) => e + nl + nl).join(''));
        const { early, late, tap } = run(cut(spell([...events, USAGE, DONE]), cuts), true);
        expect(Buffer.concat([early, late]).equals(spell([...events, DONE]))).toBe(true);
        expect(tap.usage).toMatchObject({ input: 7, output: 5 });
      }),
      { numRuns: 400 },
    );
  });

  test('that end the stream are held until they are released (M2)', () => {
    fc.assert(
      fc.property(fc.array(event), places, (events, cuts) => {
        const head = events.map((e) => `${e}\n\n`).join('');
        const end = `${USAGE}\n\n${DONE}\n\n`;
        const { early, late } = run(cut(Buffer.from(head + end), cuts), false);
        expect(early.equals(Buffer.from(head))).toBe(true);
        expect(late.equals(Buffer.from(end))).toBe(true);
      }),
      { numRuns: 200 },
    );
  });
});

describe('the end', () => {
  test('counts without its blank line, and without a terminator', () => {
    const { tap, early, late } = run([Buffer.from(`${chunkOf('a')}\n\n${USAGE}`)], false);
    expect(early.toString()).toBe(`${chunkOf('a')}\n\n`);
    expect(late.toString()).toBe(USAGE);
    expect(tap.usage).toMatchObject({ input: 7, output: 5 });
  });

  test('holds what follows the terminator', () => {
    const { early, late } = run([Buffer.from(`${DONE}\n\n: bye\n\n`), Buffer.from('more')], false);
    expect(early.toString()).toBe('');
    expect(late.toString()).toBe(`${DONE}\n\n: bye\n\nmore`);
  });

  test('has not come when content follows a usage event: that one goes out, in order', () => {
    const bytes = `${USAGE}\n\n${chunkOf('a')}\n\n`;
    const { early } = run([Buffer.from(`${USAGE}\n\n`), Buffer.from(`${chunkOf('a')}\n\n`)], false);
    expect(early.toString()).toBe(bytes);
  });
});

describe('usage', () => {
  test('is the last one reported', () => {
    const later = USAGE.replace('"completion_tokens":5', '"completion_tokens":9');
    const { tap } = run([Buffer.from(`${USAGE}\n\n${later}\n\n${DONE}\n\n`)], true);
    expect(tap.usage?.output).toBe(9);
  });

  test('beside content is read and not removed: that is no extra event', () => {
    const withContent = `data: ${JSON.stringify({ choices: [{ index: 0, delta: {} }], usage: { prompt_tokens: 1, completion_tokens: 2 } })}\n\n`;
    const { tap, early } = run([Buffer.from(withContent)], true);
    expect(early.toString()).toBe(withContent);
    expect(tap.usage).toMatchObject({ input: 1, output: 2 });
  });

  test('is counted when it is not reported: events, and bytes beyond the envelope (M3)', () => {
    const events = ['', 'abcdef', 'ghi'].map((t) => `${chunkOf(t)}\n\n`).join('');
    expect(run([Buffer.from(events)], true).tap.seen()).toEqual({
      outputBytes: 9,
      outputChunks: 3,
    });
  });
});

test('a line that never ends is noticed while it is still small (T3)', () => {
  const tap = new StreamTap({ reading: CHAT.stream, removeUsage: false, eventBytesMax: 100 });
  tap.push(Buffer.alloc(60, 'x'));
  expect(tap.isTooLong).toBe(false);
  tap.push(Buffer.alloc(60, 'x'));
  expect(tap.isTooLong).toBe(true);
});

test('whole plain events are passed on without a copy', () => {
  const tap = new StreamTap({ reading: CHAT.stream, removeUsage: true, eventBytesMax: 100 });
  const chunk = Buffer.from(`${chunkOf('a')}\n\n${chunkOf('b')}\n\n`);
  const out = tap.push(chunk);
  expect(out.buffer).toBe(chunk.buffer);
  expect(out.equals(chunk)).toBe(true);
});
