import { expect, test } from 'vitest';

import { partOf } from './facet.ts';

test.each([
  ['session', 'project.7:a%20b%2520', { scopeKind: 'project', facet: 'session', name: 'a b%20' }],
  ['model', 'key.12:gpt-4o:free', { scopeKind: 'key', facet: 'model', name: 'gpt-4o:free' }],
  ['key', 'key.12:gpt-4o', null],
  ['tag', 'nothing', null],
] as const)(
  'the id of a part says of what it is, and how it is called: %s %s',
  (kind, id, part) => {
    expect(partOf(kind, id)).toEqual(part);
  },
);
