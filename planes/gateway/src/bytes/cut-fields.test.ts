import { describe, expect, test } from 'vitest';

import { cutFields } from './cut-fields.ts';

const cut = (body: string, ...names: string[]): unknown => {
  const done = cutFields(Buffer.from(body), names);
  return done.kind === 'cut' ? done.body.toString() : done;
};

describe('fields that are for this server', () => {
  test('are cut wherever they stand, and every other byte stays', () => {
    expect(cut('{"cache": {"ttl": 1} , "a" : [1, 2]}', 'cache')).toBe('{ "a" : [1, 2]}');
    expect(cut('{"a":1 , "cache":{"x":[{}]}}', 'cache')).toBe('{"a":1 }');
    expect(cut('{"a":1,"cache":true,"b":"cache"}', 'cache')).toBe('{"a":1,"b":"cache"}');
    expect(cut('{ "cache" : "cache" }', 'cache')).toBe('{  }');
    expect(cut('{"a":{"cache":1}}', 'cache')).toBe('{"a":{"cache":1}}');
  });

  test('are cut together', () => {
    const body = '{"guardrails":["a"],"m":"x","cache":{},"guard":1}';
    expect(cut(body, 'cache', 'guardrails')).toBe('{"m":"x","guard":1}');
    expect(cut('{"m":1,"cache":{},"guardrails":[]}', 'cache', 'guardrails')).toBe('{"m":1}');
    expect(cut('{"cache":{},"guardrails":[]}', 'cache', 'guardrails')).toBe('{}');
  });

  test('that parsers could read in two ways are refused', () => {
    expect(cut('{"cache":1,"cache":2}', 'cache')).toEqual({ kind: 'ambiguous', name: 'cache' });
    expect(cut('{"Cache":1}', 'cache')).toEqual({ kind: 'ambiguous', name: 'Cache' });
  });

  test('that are not there leave the same body', () => {
    const body = Buffer.from('{"a":1}');
    const done = cutFields(body, ['cache']);
    expect(done.kind === 'cut' && done.body).toBe(body);
  });
});
