import { describe, expect, test } from 'vitest';

import { frameBytes, frameOf, readFrames } from './frame.ts';

const frame = (text: string, generation = 1): Buffer =>
  frameOf(text, Buffer.byteLength(text), generation);

const part = (...frames: readonly Buffer[]): Buffer => Buffer.concat([...frames, Buffer.alloc(64)]);

describe('frames of records', () => {
  test('are read as they were written', () => {
    expect(readFrames(part(frame('one\ntwo'), frame('drei – "ß"')))).toEqual([
      'one',
      'two',
      'drei – "ß"',
    ]);
    expect(readFrames(Buffer.alloc(64))).toEqual([]);
    expect(readFrames(frame('to the last byte'))).toEqual(['to the last byte']);
  });

  test('end before one that is torn, at whichever byte', () => {
    const whole = frame('kept');
    const torn = frame('torn in the middle');
    for (let bytes = 0; bytes < torn.length; bytes += 1) {
      const zeros = Buffer.alloc(torn.length - bytes);
      expect(readFrames(part(whole, torn.subarray(0, bytes), zeros))).toEqual(['kept']);
      expect(readFrames(Buffer.concat([whole, torn.subarray(0, bytes)]))).toEqual(['kept']);
    }
  });

  test('end before one of which any byte is another', () => {
    const whole = frame('kept');
    const other = frame('changed');
    for (let at = 0; at < other.length; at += 1) {
      const changed = Buffer.from(other);
      changed[at] = (changed[at] ?? 0) ^ 1;
      expect(readFrames(part(whole, changed))).toEqual(['kept']);
    }
  });

  test('of an earlier use of the part are not read again (J3)', () => {
    const before = part(frame('old 1'), frame('old 2'), frame('old 3'));
    frame('new 1', 2).copy(before);
    expect(readFrames(before)).toEqual(['new 1']);
  });

  test('that claim to be longer than the part are none', () => {
    const long = frame('x'.repeat(40));
    expect(readFrames(long.subarray(0, frameBytes(39)))).toEqual([]);
  });
});
