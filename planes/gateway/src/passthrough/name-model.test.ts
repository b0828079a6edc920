import { expect, test } from 'vitest';

import { nameModel } from './name-model.ts';

test.each([
  ['{}', '{"model":"house"}'],
  ['{ "seed" : 12345678901234567890 }', '{"model":"house", "seed" : 12345678901234567890 }'],
  ['{"a":"h\\u00e9", "model" : "x", "b":1.0}', '{"a":"h\\u00e9", "model" : "house", "b":1.0}'],
])('%s is told its model, and nothing else of it changes (M5)', (body, told) => {
  expect(nameModel(Buffer.from(body), 'house').toString()).toBe(told);
});

test.each(['{"model":"a","model":"b"}', '{"Model":"a"}', '{"mod\\u0065l":"a"}'])(
  '%s could be read in two ways, and is refused (M1)',
  (body) => {
    expect(() => nameModel(Buffer.from(body), 'house')).toThrow(/ambiguous/);
  },
);
