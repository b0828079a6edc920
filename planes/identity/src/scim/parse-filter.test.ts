import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import type { AttributePath, Filter } from './filter.ts';
import { parseFilter, parsePath } from './parse-filter.ts';

const at = (
  name: string,
  sub: string | null = null,
  schema: string | null = null,
): AttributePath => ({
  schema,
  name,
  sub,
});
const eq = (name: string, value: string | boolean): Filter => ({
  kind: 'compare',
  path: at(name),
  operator: 'eq',
  value,
});
const CORE = 'urn:ietf:params:scim:schemas:core:2.0:User';

/** The parsed filter, or what was said against it. */
function parsed(text: string): Filter | string {
  const answer = parseFilter(text);
  return answer.kind === 'filter' ? answer.filter : answer.detail;
}

describe('a filter', () => {
  // Of the kinds that RFC 7644, 3.4.2.2 shows.
  test.each<[string, Filter]>([
    ['userName eq "bjensen"', eq('userName', 'bjensen')],
    [
      'name.familyName co "O\'Malley"',
      { kind: 'compare', path: at('name', 'familyName'), operator: 'co', value: "O'Malley" },
    ],
    [
      `${CORE}:userName sw "J"`,
      { kind: 'compare', path: at('userName', null, CORE), operator: 'sw', value: 'J' },
    ],
    ['title pr', { kind: 'present', path: at('title') }],
    [
      'meta.lastModified ge "2011-05-13T04:42:34Z"',
      {
        kind: 'compare',
        path: at('meta', 'lastModified'),
        operator: 'ge',
        value: '2011-05-13T04:42:34Z',
      },
    ],
    [
      'title pr and userType eq "Employee"',
      {
        kind: 'and',
        left: { kind: 'present', path: at('title') },
        right: eq('userType', 'Employee'),
      },
    ],
    [
      'emails[type eq "work" and value co "@example.com"]',
      {
        kind: 'some',
        path: at('emails'),
        filter: {
          kind: 'and',
          left: eq('type', 'work'),
          right: { kind: 'compare', path: at('value'), operator: 'co', value: '@example.com' },
        },
      },
    ],
    ['active eq true', eq('active', true)],
    ['ACTIVE EQ TRUE', eq('ACTIVE', true)],
    ['userName eq "a\\"b\\u00e9\\\\"', eq('userName', 'a"bé\\')],
    ['not (active eq true)', { kind: 'not', filter: eq('active', true) }],
    ['NOT(active eq true)', { kind: 'not', filter: eq('active', true) }],
  ])('%s', (text, filter) => {
    expect(parsed(text)).toEqual(filter);
  });

  test('and binds closer than or, and parentheses closer than both', () => {
    const [a, b, c] = [eq('a', '1'), eq('b', '2'), eq('c', '3')];
    expect(parsed('a eq "1" or b eq "2" and c eq "3"')).toEqual({
      kind: 'or',
      left: a,
      right: { kind: 'and', left: b, right: c },
    });
    expect(parsed('(a eq "1" or b eq "2") and c eq "3"')).toEqual({
      kind: 'and',
      left: { kind: 'or', left: a, right: b },
      right: c,
    });
    expect(parsed('not (a eq "1") and b eq "2" or c eq "3"')).toEqual({
      kind: 'or',
      left: { kind: 'and', left: { kind: 'not', filter: a }, right: b },
      right: c,
    });
  });

  test.each([
    '',
    'userName',
    'userName eq',
    'userName eq bjensen',
    'userName is "bjensen"',
    'userName eq "bjensen',
    'userName eq "a" userName eq "b"',
    'userName eq "a" and',
    'and userName eq "a"',
    '(userName eq "a"',
    'userName eq "a")',
    'emails[type eq "work"',
    'emails[]',
    'not userName eq "a"',
    'userName eq "a" andtitle pr',
    'userName eq "line\nbreak"',
  ])('%j is refused', (text) => {
    expect(parsed(text)).toMatch(/cannot be read at character \d+/);
  });

  test('neither length nor depth exhausts anything', () => {
    expect(parsed(`${'('.repeat(3_000)}a pr${')'.repeat(3_000)}`)).toMatch(/cannot be read/);
    expect(parsed(`userName eq "${'x'.repeat(9_000)}"`)).toMatch(/too long/);
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (text) => {
        expect(['filter', 'refused']).toContain(parseFilter(text).kind);
      }),
    );
  });
});

describe('a path', () => {
  test('names an attribute, a part of it, or some of its values', () => {
    const path = (text: string): unknown => {
      const answer = parsePath(text);
      return answer.kind === 'path' ? answer.path : answer.type;
    };
    expect(path('members')).toEqual({ attribute: at('members'), filter: null });
    expect(path('name.familyName')).toEqual({ attribute: at('name', 'familyName'), filter: null });
    expect(path('addresses[type eq "work"]')).toEqual({
      attribute: at('addresses'),
      filter: eq('type', 'work'),
    });
    expect(path('members[value eq "2819c223"].displayName')).toEqual({
      attribute: at('members', 'displayName'),
      filter: eq('value', '2819c223'),
    });
    expect(path(`${CORE}:name.givenName`)).toEqual({
      attribute: at('name', 'givenName', CORE),
      filter: null,
    });
    for (const wrong of [
      '',
      'a b',
      'members[',
      'members[value eq "a"]x',
      'a.b[c pr]',
      '.a',
      'a.b.c',
    ]) {
      expect(path(wrong)).toBe('invalidPath');
    }
  });
});
