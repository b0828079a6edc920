import { expect, test } from 'vitest';

import { jsonSchemaOf, readInput } from './input-schema.ts';

const schema = {
  type: 'object',
  properties: { item: { type: 'string' } },
  required: ['item'],
};

test('a JSON Schema is what it says, and says what is wrong', () => {
  expect(readInput(schema, { item: 'tea' })).toEqual({ item: 'tea' });
  expect(() => readInput(schema, {})).toThrow('item is missing');
  expect(jsonSchemaOf(schema)).toBe(schema);
});

test('a function and what has `parse` answer what the program takes', () => {
  expect(readInput((input) => Number(input), '3')).toBe(3);
  expect(readInput({ parse: (input) => [input] }, 1)).toEqual([1]);
  expect(jsonSchemaOf(String)).toBeNull();
  expect(jsonSchemaOf({ parse: String })).toBeNull();
});

test('a library says its schema by the common convention, unless it cannot be written down', () => {
  const saying = (input: () => Record<string, unknown>) => ({
    parse: String,
    '~standard': { jsonSchema: { input } },
  });
  expect(jsonSchemaOf(saying(() => schema))).toEqual(schema);
  const unsayable = saying(() => {
    throw new Error('a transform has no schema');
  });
  expect(jsonSchemaOf(unsayable)).toBeNull();
});
