import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { findTexts, replaceTexts } from './text-places.ts';

const textsIn = (body: unknown): string[] =>
  findTexts(Buffer.from(JSON.stringify(body))).texts.map(({ text }) => text);
const opaqueIn = (body: unknown): readonly string[] =>
  findTexts(Buffer.from(JSON.stringify(body))).opaque;

const IMAGE = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAA';

describe('every text of a body', () => {
  test.each([
    ['a message', { messages: [{ role: 'user', content: 'T' }] }],
    ['a part', { messages: [{ role: 'user', content: [{ type: 'text', text: 'T' }] }] }],
    ['a system prompt', { system: [{ type: 'text', text: 'T' }] }],
    ['instructions', { instructions: 'T' }],
    ['an argument', { messages: [{ tool_calls: [{ function: { name: 'f', arguments: 'T' } }] }] }],
    [
      'an argument of a tool, whatever its name',
      { content: [{ type: 'tool_use', input: { id: 'T' } }] },
    ],
    ['a result of a tool', { content: [{ type: 'tool_result', content: 'T' }] }],
    ['a document of text', { source: { type: 'text', media_type: 'text/plain', data: 'T' } }],
    ['a schema', { tools: [{ parameters: { properties: { type: { enum: ['T'] } } } }] }],
    ['a name of a field', { content: [{ input: { T: 1 } }] }],
    ['a field that no format has', { whatever: { deep: [['T']] } }],
    ['a prompt', { prompt: ['x', 'T'] }],
    ['an embedding’s text', { input: ['T'] }],
    [
      'an item of Responses',
      { input: [{ role: 'user', content: [{ type: 'input_text', text: 'T' }] }] },
    ],
    ['the id of one’s own object', { content: [{ input: { id: 'T', model: 'x' } }] }],
    ['a result of a tool’s own object', { functionResponse: { response: { id: 'T' } } }],
    ['a result of Converse', { toolResult: { content: [{ json: { id: 'T' } }] } }],
    ['a second field of the same name', '{"content":"T","content":"x"}'],
    ['a text with escapes', '{"content":"\\u0054"}'],
  ])('is found: %s', (_, body) => {
    const json = typeof body === 'string' ? body : JSON.stringify(body);
    expect(findTexts(Buffer.from(json)).texts.map(({ text }) => text)).toContain('T');
  });

  test('is not what the format itself says', () => {
    const body = {
      model: 'm',
      messages: [{ role: 'user', content: 'T', tool_call_id: 'c' }],
      id: 'i',
    };
    expect(textsIn(body)).toEqual([
      'model',
      'messages',
      'role',
      'content',
      'T',
      'tool_call_id',
      'id',
    ]);
  });

  test('and what is none is said to be none', () => {
    const url = `data:image/png;base64,${IMAGE}`;
    expect(opaqueIn({ content: [{ type: 'image_url', image_url: { url } }] })).toEqual(['url']);
    expect(opaqueIn({ source: { type: 'base64', media_type: 'image/png', data: IMAGE } })).toEqual([
      'data',
    ]);
    expect(opaqueIn({ images: [IMAGE] })).toEqual(['images']);
    expect(opaqueIn({ image_url: 'https://example.com/a.png' })).toEqual(['image_url']);
    expect(opaqueIn({ input: [1, 2, 3] })).toEqual(['tokens']);
    expect(opaqueIn({ prompt: [[1, 2], [3]] })).toEqual(['tokens']);
    expect(opaqueIn({ content: [{ type: 'text', text: 'T' }], max_tokens: 5 })).toEqual([]);
  });

  test('that only pretends to be an image is a text', () => {
    const word = `sk-ant-api03-${'aB3'.repeat(20)}`;
    expect(textsIn({ source: { type: 'text', media_type: 'text/plain', data: word } })).toContain(
      word,
    );
    for (const text of ['data: my secret', `data:image/png;base64,${IMAGE} and more`]) {
      expect(textsIn({ content: text })).toContain(text);
    }
    expect(textsIn({ content: `data:a/b;base64,${IMAGE}` })).toHaveLength(2);
  });
});

test('however deep a body nests, it takes a time that grows with its length', () => {
  const depth = 50_000;
  const deep = Buffer.from(`${'["a",'.repeat(depth)}1${']'.repeat(depth)}`);
  const { texts } = findTexts(deep);
  expect(texts).toHaveLength(depth);
  expect(texts.reduce((most, { path }) => Math.max(most, path.length), 0)).toBeLessThan(100);
  const lists = Buffer.from(`{"input":${'['.repeat(depth)}"a"${']'.repeat(depth)}}`);
  expect(findTexts(lists).texts.map(({ text }) => text)).toEqual(['input', 'a']);
});

test('texts that are replaced change nothing beside them, and what is not changed keeps its bytes', () => {
  fc.assert(
    fc.property(fc.json(), fc.boolean(), (json, spaced) => {
      const value: unknown = JSON.parse(json);
      const body = Buffer.from(JSON.stringify(value, null, spaced ? 2 : 0));
      const { texts } = findTexts(body);
      expect(replaceTexts(body, [])).toBe(body);
      const same = replaceTexts(
        body,
        texts.map((place) => ({ place, text: place.text })),
      );
      expect(JSON.parse(same.toString())).toEqual(value);
      for (const { start, end, text } of texts) {
        expect(JSON.parse(body.toString('utf8', start, end))).toBe(text);
      }
    }),
    { numRuns: 200 },
  );
});
