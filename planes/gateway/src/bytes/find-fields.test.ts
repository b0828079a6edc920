import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { findFields, watch } from './find-fields.ts';

const space = fc.constantFrom('', ' ', '\n', '\t ', '\r\n');

/** JSON text of a value with white space anywhere, and names and strings escaped in any way. */
function spell(value: unknown, pad: () => string, escape: (text: string) => string): string {
  if (typeof value === 'string') return escape(value);
  if (Array.isArray(value)) {
    return `[${pad()}${value.map((item) => spell(item, pad, escape)).join(`${pad()},${pad()}`)}${pad()}]`;
  }
  if (typeof value === 'object' && value !== null) {
    const fields = Object.entries(value).map(
      ([name, of]) => `${escape(name)}${pad()}:${pad()}${spell(of, pad, escape)}`,
    );
    return `{${pad()}${fields.join(`${pad()},${pad()}`)}${pad()}}`;
  }
  return JSON.stringify(value);
}

/** Every plain letter as an escape; what is escaped already stays. */
const asUnicodeEscapes = (text: string): string =>
  JSON.stringify(text).replaceAll(/\\u[0-9a-f]{4}|\\.|[a-z]/g, (found) =>
    found.length > 1 ? found : `\\u${found.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );

describe('findFields', () => {
  test('finds every value as it was written, whatever the spelling (M5)', () => {
    const name = fc.oneof(
      fc.constantFrom('model', 'stream', 'n', 'x'),
      fc.string({ maxLength: 6 }),
    );
    fc.assert(
      fc.property(
        fc.dictionary(name, fc.jsonValue({ maxDepth: 3 }), { noNullPrototype: true }),
        fc.infiniteStream(space),
        fc.infiniteStream(fc.boolean()),
        (object, spaces, flips) => {
          const pad = (): string => String(spaces.next().value);
          const escape = (value: string): string =>
            flips.next().value === true ? asUnicodeEscapes(value) : JSON.stringify(value);
          const names = Object.keys(object).filter((key) => !JSON.stringify(key).includes('\\'));
          const watched = watch(names);
          fc.pre(watched.size === names.length);
          const values = Object.entries(object).map(
            ([key, of]) => [key, spell(of, pad, escape)] as const,
          );
          const fields = values.map(
            ([key, value]) => `${JSON.stringify(key)}${pad()}:${pad()}${value}`,
          );
          const json = Buffer.from(`${pad()}{${pad()}${fields.join(`${pad()},${pad()}`)}${pad()}}`);
          const found = findFields(json, 0, watched);
          if (found.kind !== 'found') throw new Error(`ambiguous: ${found.name}`);
          expect(found.isEmpty).toBe(fields.length === 0);
          expect([...found.spans.keys()]).toEqual(names);
          const spelt = new Map(values);
          for (const [key, { start, end }] of found.spans) {
            expect(json.toString('utf8', start, end)).toBe(spelt.get(key));
          }
        },
      ),
      { numRuns: 500 },
    );
  });

  const watched = watch(['model', 'stream']);

  test.each([
    ['twice', '{"model":"cheap","model":"dear"}'],
    ['twice, once escaped', '{"model":"cheap","\\u006dodel":"dear"}'],
    ['with an escape in it', '{"messages":[],"\\u006dodel":"dear"}'],
    ['in another case', '{"model":"cheap","MODEL":"dear"}'],
    ['with a long s, which Go folds', '{"\\u017ftream":true,"model":"cheap"}'],
  ])('refuses a watched name that is there %s', (_, text) => {
    expect(findFields(Buffer.from(text), 0, watched).kind).toBe('ambiguous');
  });

  test('does not mind repeats of other names, nor watched names further down', () => {
    const json = Buffer.from('{"a":1,"a":2,"tools":[{"model":1,"model":2}],"model":"m"}');
    const found = findFields(json, 0, watched);
    expect(found.kind === 'found' && [...found.spans.keys()]).toEqual(['model']);
  });

  test('an escaped name is misread by this V8, or the rule against escapes may go', () => {
    JSON.parse(String.raw`{"a":1,"\\":1}`);
    expect(Object.keys(JSON.parse(String.raw`{"a":1,"\u006e":2}`) as object)).toEqual(['a', '\\']);
  });

  test('a name from Object.prototype is a name like any other', () => {
    const found = findFields(Buffer.from('{"__proto__":{"model":1},"constructor":2}'), 0, watched);
    expect(found.kind === 'found' && found.spans.size).toBe(0);
  });
});
