import { expect, test } from 'vitest';

import { findRequestFields } from '../bytes/rewrite-request.ts';
import { GEMINI_EMBEDDINGS } from './gemini-embeddings.ts';
import { countGeminiParts } from './gemini-parts.ts';
import { GEMINI } from './gemini.ts';

const image = { inlineData: { mimeType: 'image/png', data: 'AAAA' } };
const snake = { inline_data: { mime_type: 'image/png', data: 'AAAA' } };
const recording = { inlineData: { mimeType: 'audio/wav', data: 'AAAA' } };
const file = { fileData: { fileUri: 'gs://b/x' } };
const result = { functionResponse: { name: 'f', response: {}, parts: [image] } };

test('what is no text is counted, however it is spelt and wherever it stands (M1)', () => {
  const counted = (parts: unknown) => {
    const { images, opaque } = countGeminiParts([{ parts }]);
    return [images, opaque];
  };
  expect(counted([{ text: 'a', thoughtSignature: 's' }, { functionCall: {} }])).toEqual([0, 0]);
  expect(counted([image, snake])).toEqual([2, 0]);
  expect(counted([recording, file, result, { somethingNew: {} }])).toEqual([0, 4]);
  // One that stands alone is taken for a list of one.
  expect(counted(image)).toEqual([1, 0]);
  expect(countGeminiParts({ parts: image }).images).toBe(1);
  expect(countGeminiParts([{ '\\': [file] }]).opaque).toBe(1);
  const { parts } = GEMINI.read({ systemInstruction: { parts: [image, file] }, contents: [] }, {});
  expect(parts).toMatchObject({ images: 1, opaque: 1 });
});

test('pictures that are embedded count too (M1)', () => {
  const { parts } = GEMINI_EMBEDDINGS.read(
    { requests: [{ content: { parts: [image, file] } }] },
    {},
  );
  expect(parts).toMatchObject({ images: 1, opaque: 1 });
  const both = { requests: [], content: { parts: [file] } };
  expect(GEMINI_EMBEDDINGS.read(both, {}).parts.opaque).toBe(1);
});

test('a spelling that is not metered cannot hide behind escapes (M1)', () => {
  for (const body of [
    '{"contents":[],"generation\\u005fconfig":{"candidateCount":8}}',
    '{"contents":[],"generationConfig":{"candidate\\u005fcount":8}}',
  ]) {
    expect(findRequestFields(Buffer.from(body), GEMINI.names).kind).toBe('ambiguous');
  }
});

test.each([
  [{}, undefined],
  [{ tools: [{ functionDeclarations: [] }, { function_declarations: [] }] }, undefined],
  [{ tools: [{ googleSearch: {} }] }, 'tools.googleSearch'],
  [{ tools: { urlContext: {} } }, 'tools.urlContext'],
  [{ cachedContent: 'c' }, 'cachedContent'],
  [{ serviceTier: 'priority' }, 'serviceTier'],
  [{ generationConfig: { responseModalities: ['TEXT'] } }, undefined],
  [{ generationConfig: { responseModalities: ['IMAGE'] } }, 'generationConfig.responseModalities'],
  [{ generationConfig: { speechConfig: {} } }, 'generationConfig.speechConfig'],
])('what has a price of its own in %j is named (M4)', (body, unpriced) => {
  expect(GEMINI.read(body, {}).unpriced).toBe(unpriced);
});
