import { Type } from 'typebox';
import { expect, test } from 'vitest';

import { compileDropUnknown } from './drop-unknown.ts';

const report = Type.Object({
  runs: Type.Array(Type.Object({ id: Type.String() })),
  labels: Type.Record(Type.String(), Type.String()),
  payload: Type.Unknown(),
  choice: Type.Optional(Type.Union([Type.Object({ x: Type.Integer() }), Type.Null()])),
});

test('removes and counts what no schema names, and nothing else', () => {
  const value = {
    runs: [{ id: 'a', later: 1 }, { id: 'b' }],
    labels: { free: 'text' },
    payload: { any: 'thing' },
    choice: { x: 1, y: 2 },
    version: 9,
  };
  expect(compileDropUnknown(report)?.(value)).toBe(2);
  expect(value).toEqual({
    runs: [{ id: 'a' }, { id: 'b' }],
    labels: { free: 'text' },
    payload: { any: 'thing' },
    choice: { x: 1, y: 2 },
  });
});

test('removes a __proto__ that came as JSON', () => {
  const value: unknown = JSON.parse('{"__proto__":{"isAdmin":true},"runs":[]}');
  expect(compileDropUnknown(report)?.(value)).toBe(1);
  expect(Object.keys(value as object)).toEqual(['runs']);
});

test.each([null, 3, 'text', [[1]], { runs: 'none' }])('leaves %j for the validator', (value) => {
  const before = structuredClone(value);
  expect(compileDropUnknown(report)?.(value)).toBe(0);
  expect(value).toEqual(before);
});
