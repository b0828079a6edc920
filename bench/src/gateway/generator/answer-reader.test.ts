import { expect, test } from 'vitest';

import { createAnswerReader } from './answer-reader.ts';

const CHUNKED =
  'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n';
const SIZED = 'HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc';

test.each([CHUNKED, SIZED])(
  'an answer is whole with its last byte, wherever it was cut',
  (text) => {
    for (let at = 1; at < text.length; at += 1) {
      const reader = createAnswerReader();
      const take = (part: string): string | undefined =>
        reader.take(Buffer.from(part), part.length)?.toString();
      expect(take(text.slice(0, at))).toBeUndefined();
      expect(take(text.slice(at))).toBe(text);
    }
  },
);

test('one answer after another, also a longer one', () => {
  const reader = createAnswerReader();
  const long = `HTTP/1.1 200 OK\r\ncontent-length: 40000\r\n\r\n${'x'.repeat(40_000)}`;
  for (const text of [SIZED, long, CHUNKED]) {
    expect(reader.take(Buffer.from(text), text.length)?.toString()).toBe(text);
  }
});

test('an answer whose end cannot be told is a mistake', () => {
  const text = 'HTTP/1.1 200 OK\r\nconnection: close\r\n\r\nabc';
  expect(() => createAnswerReader().take(Buffer.from(text), text.length)).toThrow(
    'without a length',
  );
});
