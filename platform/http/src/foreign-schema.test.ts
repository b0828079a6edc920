import { setImmediate } from 'node:timers/promises';

import { expect, test } from 'vitest';

import { compileForeignSchema } from './foreign-schema.ts';

const check = async (schema: object, value: unknown) => {
  const compiled = await compileForeignSchema(schema);
  if (compiled.kind === 'refused') throw new Error(compiled.why);
  return compiled.check(value).map(({ path, message }) => `${path} ${message}`);
};

test('a value is told where it is wrong, by whichever draft the schema names', async () => {
  const schema = {
    $schema: 'http://json-schema.org/draft-07/schema#',
    $id: 'https://tools.example/one',
    type: 'object',
    required: ['city'],
    properties: { city: { type: 'string', pattern: '^[A-Z]', format: 'unheard-of' } },
    additionalProperties: false,
  };
  expect(await check(schema, { city: 'Lisbon' })).toEqual([]);
  expect(await check(schema, {})).toEqual(['/city is required']);
  expect(await check(schema, { city: 'Lisbon', to: 1 })).toEqual(['/to is not a known field']);
  // Twice, as two versions of a tool have one id.
  expect(await check(schema, { city: 'lisbon' })).toHaveLength(1);
});

test('what would take for ever, leave the schema or be too large is refused', async () => {
  const refused = async (schema: object) => (await compileForeignSchema(schema)).kind;
  expect(await refused({ type: 'string', pattern: '(?=a)b' })).toBe('refused');
  expect(await refused({ $ref: 'https://evil.example/schema.json' })).toBe('refused');
  expect(await refused({ description: 'x'.repeat(70_000) })).toBe('refused');
  expect(await refused({ type: 'nothing' })).toBe('refused');
  const slow = { type: 'string', pattern: '^(a+)+$' };
  expect(await check(slow, `${'a'.repeat(40_000)}b`)).toHaveLength(1);
  expect(await check({ $ref: '#' }, 1)).toEqual([' cannot be checked: it has no end']);
});

test('a schema does not answer later than it is asked', async () => {
  expect(await check({ $async: true, type: 'object', required: ['a'] }, {})).toEqual([
    '/a is required',
  ]);
  const inner = { $defs: { a: { $async: true, type: 'string' } }, $ref: '#/$defs/a' };
  expect((await compileForeignSchema(inner)).kind).toBe('refused');
});

test('a check that would not end is broken off, and the next one is made', async () => {
  // Twice as much with each reference: a billion in the end, from a schema of three kilobytes.
  const $defs: Record<string, object> = { L0: { type: 'object' } };
  for (let at = 1; at < 41; at += 1) {
    const before = { $ref: `#/$defs/L${at - 1}` };
    $defs[`L${at}`] = { allOf: [before, before] };
  }
  const begunMs = performance.now();
  const bomb = await check({ $defs, $ref: '#/$defs/L40' }, {});
  expect(bomb).toEqual([' cannot be checked: it has no end']);
  const unique = { type: 'array', items: { type: 'object' }, uniqueItems: true };
  const many = Array.from({ length: 100_000 }, (_, n) => ({ n }));
  expect(await check(unique, many)).toHaveLength(1);
  expect(performance.now() - begunMs).toBeLessThan(5_000);
  expect(await check(unique, [{ n: 1 }, { n: 2 }])).toEqual([]);
});

test('of many, others have a turn before each', async () => {
  const seen: string[] = [];
  const others = async () => {
    for (let n = 0; n < 3; n++) {
      await setImmediate();
      seen.push('other');
    }
  };
  const compiles = async () => {
    for (let n = 0; n < 6; n++) {
      await compileForeignSchema({ type: 'string' });
      seen.push('compiled');
    }
  };
  await Promise.all([compiles(), others()]);
  expect(seen.lastIndexOf('other')).toBeLessThan(seen.lastIndexOf('compiled'));
});
