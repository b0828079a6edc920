import { expect, test } from 'vitest';

import { isText } from './call-body.ts';

test('texts are kept; sound, pictures and forms are not', () => {
  const texts = [
    'application/json; charset=utf-8',
    'text/event-stream',
    'application/x-ndjson',
    undefined,
  ];
  expect(texts.map(isText)).toEqual([true, true, true, true]);
  expect(['audio/mpeg', 'image/png', 'multipart/form-data; boundary=x'].map(isText)).toEqual([
    false,
    false,
    false,
  ]);
});
