import { expect, test } from 'vitest';

import { addEvent, curlOf, NOTHING_YET, splitEvents } from './stream-answer.ts';

test('events are whole wherever the stream was cut', () => {
  const stream = 'data: {"a":1}\n\n: beat\n\ndata: {"b":2}\r\n\r\ndata: [DONE]\n\n';
  for (let cut = 0; cut <= stream.length; cut += 1) {
    const first = splitEvents(stream.slice(0, cut));
    const second = splitEvents(first.rest + stream.slice(cut));
    expect([...first.events, ...second.events]).toEqual(['{"a":1}', '{"b":2}', '[DONE]']);
    expect(second.rest).toBe('');
  }
});

test('the first word is the first that says something; usage comes last', () => {
  const events = [
    '{"model":"m","choices":[{"delta":{"role":"assistant","content":""}}]}',
    '{"choices":[{"delta":{"content":"Hel"}}]}',
    '{"choices":[{"delta":{"content":"lo"}}]}',
    '{"choices":[],"usage":{"prompt_tokens":3,"completion_tokens":2}}',
    '[DONE]',
  ];
  const answer = events.reduce(
    (known, event, index) => addEvent(known, event, index * 10),
    NOTHING_YET,
  );
  expect(answer).toMatchObject({
    text: 'Hello',
    model: 'm',
    firstMs: 10,
    totalMs: 40,
    inputTokens: 3,
    outputTokens: 2,
  });
});

test('a stream that breaks says why', () => {
  expect(addEvent(NOTHING_YET, '{"error":{"message":"the provider left"}}', 5).error).toBe(
    'the provider left',
  );
});

test('the command for a terminal holds no key, and quotes what would end it', () => {
  const text = curlOf({
    url: 'https://x.example',
    model: 'm',
    system: '',
    message: "it's",
    maxTokens: 5,
  });
  expect(text).toContain('$SAGEWAI_KEY');
  expect(text).toContain(String.raw`it'\''s`);
});
