import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { eventFrame, exceptionFrame } from './event-frames-fixture.ts';
import { EventFrames, FrameError } from './event-frames.ts';

const FRAMES = [
  eventFrame('messageStart', { role: 'assistant' }),
  eventFrame('contentBlockDelta', { contentBlockIndex: 0, delta: { text: 'hé\n\n' } }),
  eventFrame('metadata', { usage: { inputTokens: 1 } }),
];
const TEXT = [
  '{"messageStart":{"role":"assistant"}}',
  '{"contentBlockDelta":{"contentBlockIndex":0,"delta":{"text":"hé\\n\\n"}}}',
  '{"metadata":{"usage":{"inputTokens":1}}}',
]
  .map((data) => `data: ${data}\n\n`)
  .join('');

function read(pieces: readonly Buffer[]): string {
  const frames = new EventFrames();
  const text = pieces.map((piece) => frames.push(piece).toString()).join('');
  expect(frames.isMidway).toBe(false);
  return text;
}

describe('frames of an event stream', () => {
  test('are the same events wherever they are cut', () => {
    const bytes = Buffer.concat(FRAMES);
    expect(read([bytes])).toBe(TEXT);
    for (let at = 1; at < bytes.length; at++)
      expect(read([bytes.subarray(0, at), bytes.subarray(at)])).toBe(TEXT);
    expect(read([...bytes].map((_, at) => bytes.subarray(at, at + 1)))).toBe(TEXT);
  });

  test('whose bytes were changed anywhere are refused', () => {
    const [, frame = Buffer.alloc(0)] = FRAMES;
    for (let at = 0; at < frame.length; at++) {
      const broken = Buffer.from(frame);
      broken[at] = (broken[at] ?? 0) ^ 0x10;
      const frames = new EventFrames();
      // A longer length is waited for, until the prelude says that it is none.
      expect(frames.push(broken).length).toBe(0);
      expect(frames.broken).toBeInstanceOf(FrameError);
    }
  });

  test('before a broken one are told, and nothing after it', () => {
    const frames = new EventFrames();
    const garbage = Buffer.alloc(40, 7);
    expect(frames.push(Buffer.concat([...FRAMES, garbage])).toString()).toBe(TEXT);
    expect(frames.broken).toBeInstanceOf(FrameError);
    expect(frames.push(Buffer.concat(FRAMES)).length).toBe(0);
  });

  test('tell of what went wrong, by its name', () => {
    const frame = exceptionFrame('throttlingException', { message: 'slow down' });
    expect(read([frame])).toBe(
      'data: {"exception":{"message":"slow down","__type":"throttlingException"}}\n\n',
    );
  });

  test('that are nothing of the kind are refused, and never waited for without end', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 12, maxLength: 64 }), (bytes) => {
        const frames = new EventFrames();
        expect(frames.push(Buffer.from(bytes)).length).toBe(0);
        expect(frames.broken).toBeInstanceOf(FrameError);
      }),
    );
    expect(new EventFrames().push(Buffer.from('short')).length).toBe(0);
  });
});
