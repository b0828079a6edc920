import { type TSchema, Type } from 'typebox';
import { describe, expect, test } from 'vitest';

import { createValidators } from './validators.ts';

const orNull = (schema: TSchema): ReturnType<typeof Type.Unsafe> =>
  Type.Unsafe(Type.Union([schema, Type.Null()]));

const schema = Type.Object({
  at: Type.Optional(orNull(Type.String({ format: 'date-time' }))),
  most: Type.Optional(orNull(Type.Integer({ minimum: 1 }))),
  rate: Type.Optional(orNull(Type.Object({ count: Type.Integer({ minimum: 1 }) }))),
  mode: Type.Optional(orNull(Type.Union([Type.Literal('soft'), Type.Literal('hard')]))),
  strategy: Type.Optional(Type.String({ pattern: '^[Aa]$', description: 'A, in any case.' })),
  code: Type.Optional(Type.String({ pattern: '^[a-z]$' })),
});

describe('createValidators', () => {
  const validate = createValidators().compile('body', 'own', schema);

  test.each([
    [{ at: 'tomorrow' }, '/at', 'must match format "date-time"'],
    [{ at: 5 }, '/at', 'must be string'],
    [{ most: 0 }, '/most', 'must be >= 1'],
    [{ most: 'none' }, '/most', 'must be integer'],
    [{ rate: {} }, '/rate/count', 'is required'],
    [{ mode: 'loud' }, '/mode', 'must be one of "soft", "hard"'],
    [{ strategy: 'b' }, '/strategy', 'must be A, in any case'],
    [{ code: '1' }, '/code', 'must match pattern "^[a-z]$"'],
  ])('%j is told what is wrong with it', (value, path, message) => {
    expect(validate(value, 10)).toEqual([{ part: 'body', path, message }]);
  });

  test('null is as good as a value where it may be', () => {
    expect(validate({ at: null, most: null, rate: null, mode: null }, 10)).toEqual([]);
  });
});
