import { describe, expect, test } from 'vitest';

import { JSON_ANSWER, mistakeIn, SSE_EVENTS } from './scripted-answer.ts';

const json = Buffer.from(JSON_ANSWER);
const sse = Buffer.from(SSE_EVENTS.join(''));

describe('an answer', () => {
  test('is whole as the upstream sends it', () => {
    expect(mistakeIn('json', 200, json)).toBeNull();
    expect(mistakeIn('sse', 200, sse)).toBeNull();
  });

  test.each([
    ['another status', mistakeIn('json', 500, json)],
    ['a JSON answer without its end', mistakeIn('json', 200, json.subarray(0, -1))],
    ['a JSON answer without usage', mistakeIn('json', 200, Buffer.from(JSON_ANSWER.slice(0, -60)))],
    [
      'a stream without [DONE]',
      mistakeIn('sse', 200, Buffer.from(SSE_EVENTS.slice(0, -1).join(''))),
    ],
    [
      'a stream without its first piece',
      mistakeIn('sse', 200, Buffer.from(SSE_EVENTS.slice(1).join(''))),
    ],
    [
      'a stream without usage',
      mistakeIn('sse', 200, Buffer.from(SSE_EVENTS.toSpliced(-2, 1).join(''))),
    ],
  ])('is wrong: %s', (_, mistake) => {
    expect(mistake).not.toBeNull();
  });
});
