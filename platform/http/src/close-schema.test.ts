import { type TSchema, Type } from 'typebox';
import { expect, test } from 'vitest';

import { closeSchema } from './close-schema.ts';
import { createValidators } from './validators.ts';

function accepts(schema: TSchema, value: unknown): boolean {
  const validate = createValidators().compile('body', 'own', closeSchema(schema));
  return validate(value, JSON.stringify(value).length).length === 0;
}

const inner = Type.Object({ a: Type.Optional(Type.Integer()) });

test.each<[string, TSchema, unknown, unknown]>([
  ['at the top', inner, { a: 1 }, { b: 1 }],
  ['in a field', Type.Object({ f: inner }), { f: { a: 1 } }, { f: { b: 1 } }],
  ['in an item', Type.Array(inner), [{ a: 1 }], [{ a: 1 }, { b: 1 }]],
  ['in a member of a union', Type.Union([inner, Type.Null()]), { a: 1 }, { b: 1 }],
  ['in a value of a record', Type.Record(Type.String(), inner), { x: { a: 1 } }, { x: { b: 1 } }],
  [
    'in an intersection, as a whole',
    Type.Intersect([inner, Type.Object({ c: Type.Integer() })]),
    { a: 1, c: 1 },
    { a: 1, c: 1, b: 1 },
  ],
])('refuses what is not named %s', (_where, schema, named, unnamed) => {
  expect(accepts(schema, named)).toBe(true);
  expect(accepts(schema, unnamed)).toBe(false);
});

test.each<[string, TSchema, unknown]>([
  ['a record', Type.Record(Type.String(), Type.Unknown()), { anything: { at: ['all'] } }],
  ['an object that says so', Type.Object({}, { additionalProperties: true }), { anything: 1 }],
  ['what has no schema', Type.Object({ payload: Type.Unknown() }), { payload: { any: { x: 1 } } }],
])('leaves %s open', (_what, schema, value) => {
  expect(accepts(schema, value)).toBe(true);
});
