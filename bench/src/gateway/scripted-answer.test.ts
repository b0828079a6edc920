import { describe, expect, test } from 'vitest';

import { JSON_ANSWER, mistakeIn, SSE_EVENTS } from './scripted-answer.ts';

const sized = (body: string, status = '200 OK'): Buffer =>
  Buffer.from(`HTTP/1.1 ${status}\r\ncontent-length: ${body.length}\r\n\r\n${body}`);
const chunked = (chunks: readonly string[]): Buffer => {
  const framed = chunks.map((chunk) => `${chunk.length.toString(16)}\r\n${chunk}\r\n`).join('');
  return Buffer.from(`HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n${framed}0\r\n\r\n`);
};

describe('an answer', () => {
  test('is whole as the upstream sends it', () => {
    expect(mistakeIn('json', sized(JSON_ANSWER))).toBeNull();
    expect(mistakeIn('sse', chunked(SSE_EVENTS))).toBeNull();
  });

  test('is whole wherever a gateway cuts its pieces', () => {
    const text = SSE_EVENTS.join('');
    for (let at = 1; at < text.length; at += 97) {
      expect(mistakeIn('sse', chunked([text.slice(0, at), text.slice(at)]))).toBeNull();
    }
  });

  test('whose framing is wrong is found among others', () => {
    const broken = Buffer.from(chunked(SSE_EVENTS).toString().replace('\r\n\r\n', '\r\n\r\nzz'));
    const verdict = (): unknown => {
      try {
        return mistakeIn('sse', broken);
      } catch (cause) {
        return cause;
      }
    };
    expect(Array.from({ length: 16 }, verdict).some((one) => one !== null)).toBe(true);
  });

  test.each([
    ['another status', 'json', sized(JSON_ANSWER, '500 Internal Server Error')],
    ['a JSON answer without its end', 'json', sized(JSON_ANSWER.slice(0, -1))],
    ['a JSON answer without usage', 'json', sized(JSON_ANSWER.slice(0, -60))],
    ['a stream without [DONE]', 'sse', chunked(SSE_EVENTS.slice(0, -1))],
    ['a stream without its first piece', 'sse', chunked(SSE_EVENTS.slice(1))],
    ['a stream without usage', 'sse', chunked(SSE_EVENTS.toSpliced(-2, 1))],
  ] as const)('is wrong: %s', (_, kind, answer) => {
    expect(mistakeIn(kind, answer)).not.toBeNull();
  });
});
