import { describe, expect, test } from 'vitest';

import { createMessageReader, type Message } from './read-messages.ts';

const WHOLE = 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello';
const CHUNKED =
  'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nab\r\n\r\n1;x=y\r\nc\r\n0\r\n\r\n';
const EMPTY = 'HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\n\r\n';

function readAll(text: string, segmentBytes: number): Message[] {
  const messages: Message[] = [];
  const read = createMessageReader((message) => messages.push(message));
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += segmentBytes) {
    read(bytes.subarray(at, at + segmentBytes));
  }
  return messages;
}

describe('reading messages', () => {
  const stream = WHOLE + CHUNKED + EMPTY + WHOLE;

  test('does not depend on where the segments were cut', () => {
    for (let segmentBytes = 1; segmentBytes <= stream.length; segmentBytes += 1) {
      const messages = readAll(stream, segmentBytes);
      expect(messages.map(({ body }) => body.toString())).toEqual([
        'hello',
        'ab\r\nc',
        '',
        'hello',
      ]);
      expect(messages[2]?.startLine).toBe('HTTP/1.1 502 Bad Gateway');
    }
  });

  test('keeps back an answer that is not whole', () => {
    expect(readAll(WHOLE.slice(0, -1), 7)).toEqual([]);
    expect(readAll(CHUNKED.slice(0, -1), 7)).toEqual([]);
  });

  test('takes a GET without a length as a message without a body', () => {
    expect(readAll('GET /v1/models HTTP/1.1\r\nhost: x\r\n\r\n', 9)).toHaveLength(1);
  });

  test('refuses an answer whose end cannot be known', () => {
    expect(() => readAll('HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n', 99)).toThrow(/length/);
  });
});
