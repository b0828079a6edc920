import { describe, expect, test } from 'vitest';

import { applyPatch } from './apply-patch.ts';
import type { Json } from './match-filter.ts';
import { readOperations } from './read-operations.ts';
import { ENTERPRISE_SCHEMA, USER_KIND } from './schema.ts';

const barbara: Json = {
  userName: 'bjensen',
  name: { givenName: 'Barbara', familyName: 'Jensen' },
  emails: [
    { value: 'b@work.example', type: 'work', primary: true },
    { value: 'b@home.example', type: 'home' },
  ],
  addresses: [
    { type: 'work', streetAddress: '1 Hollywood Blvd', locality: 'Hollywood' },
    { type: 'home', locality: 'Oslo' },
  ],
};

/** What becomes of it, or the standard's word for why nothing does. */
function patch(operations: readonly object[], resource: Json = barbara): Json | string {
  const read = readOperations({ Operations: operations });
  if (read.kind === 'refused') return read.type;
  const answer = applyPatch(USER_KIND, resource, read.operations);
  return answer.kind === 'patched' ? answer.resource : answer.type;
}

describe('add', () => {
  test('sets what has one value, in any case of its name, and merges objects', () => {
    expect(patch([{ op: 'add', path: 'NICKNAME', value: 'Babs' }])).toEqual({
      ...barbara,
      nickName: 'Babs',
    });
    expect(patch([{ op: 'add', path: 'name', value: { middleName: 'Jane' } }])).toMatchObject({
      name: { givenName: 'Barbara', familyName: 'Jensen', middleName: 'Jane' },
    });
  });

  test('adds to several values, those that are there already not again', () => {
    const mobile = { value: '555', type: 'mobile' };
    const once = patch([{ op: 'add', path: 'phoneNumbers', value: [mobile] }]);
    expect(once).toMatchObject({ phoneNumbers: [mobile] });
    expect(patch([{ op: 'add', path: 'phoneNumbers', value: mobile }], once as Json)).toEqual(once);
  });

  test('a new primary value takes that from the one before', () => {
    const given = { value: 'b@new.example', type: 'other', primary: true };
    expect(patch([{ op: 'add', path: 'emails', value: given }])).toMatchObject({
      emails: [
        { value: 'b@work.example', primary: false },
        { value: 'b@home.example' },
        { value: 'b@new.example', primary: true },
      ],
    });
  });

  test('without a path, adds each attribute of its value', () => {
    const value = {
      nickName: 'Babs',
      emails: [{ value: 'b@third.example' }],
      schemas: ['x'],
      id: '1',
    };
    const after = patch([{ op: 'add', value }]) as { emails: unknown[] };
    expect(after).toMatchObject({ nickName: 'Babs' });
    expect(after.emails).toHaveLength(3);
    expect(after).not.toHaveProperty('id');
  });

  test('makes the value that a filter of equalities describes', () => {
    const path = 'emails[type eq "other"].value';
    expect(patch([{ op: 'Add', path, value: 'b@other.example' }])).toMatchObject({
      emails: [{}, {}, { type: 'other', value: 'b@other.example' }],
    });
    expect(
      patch([{ op: 'add', path: 'emails[type ne "work"].display', value: 'x' }]),
    ).toMatchObject({
      emails: [{ type: 'work' }, { type: 'home', display: 'x' }],
    });
    expect(patch([{ op: 'add', path: 'phoneNumbers[type sw "m"].value', value: '5' }])).toBe(
      'noTarget',
    );
  });
});

describe('replace', () => {
  test('replaces one value, all values, or those that a filter selects', () => {
    expect(patch([{ op: 'replace', path: 'userName', value: 'babs' }])).toMatchObject({
      userName: 'babs',
    });
    expect(
      patch([{ op: 'replace', path: 'emails', value: [{ value: 'only@example.com' }] }]),
    ).toMatchObject({ emails: [{ value: 'only@example.com' }] });
    const address = { type: 'work', streetAddress: '911 Universal City Plaza' };
    expect(
      patch([{ op: 'replace', path: 'addresses[type eq "work"]', value: address }]),
    ).toMatchObject({ addresses: [address, { type: 'home', locality: 'Oslo' }] });
    expect(
      patch([{ op: 'replace', path: 'addresses[type eq "work"].streetAddress', value: '2 B' }]),
    ).toMatchObject({ addresses: [{ streetAddress: '2 B', locality: 'Hollywood' }, {}] });
  });

  test('refuses a filter that selects nothing', () => {
    expect(patch([{ op: 'replace', path: 'emails[type eq "fax"].value', value: 'x' }])).toBe(
      'noTarget',
    );
  });

  test('leaves the parts of an object that are not named', () => {
    expect(patch([{ op: 'replace', path: 'name', value: { givenName: 'Babs' } }])).toMatchObject({
      name: { givenName: 'Babs', familyName: 'Jensen' },
    });
  });
});

describe('remove', () => {
  test('removes an attribute, a part of it, or the values that a filter selects', () => {
    expect(patch([{ op: 'remove', path: 'addresses' }])).not.toHaveProperty('addresses');
    expect(patch([{ op: 'remove', path: 'name.givenName' }])).toMatchObject({
      name: { familyName: 'Jensen' },
    });
    expect(patch([{ op: 'remove', path: 'emails[type eq "home"]' }])).toMatchObject({
      emails: [{ type: 'work' }],
    });
    expect(
      patch([{ op: 'remove', path: 'emails[type eq "work" or type eq "home"]' }]),
    ).not.toHaveProperty('emails');
  });

  test('what is not there is no mistake', () => {
    expect(patch([{ op: 'remove', path: 'title' }])).toEqual(barbara);
    expect(patch([{ op: 'remove', path: 'emails[type eq "fax"]' }])).toEqual(barbara);
  });
});

test.each<[string, object, string]>([
  ['a path that names nothing', { op: 'add', path: 'shoeSize', value: 1 }, 'invalidPath'],
  ['a path that cannot be read', { op: 'add', path: 'emails[', value: 1 }, 'invalidPath'],
  ['an unknown operation', { op: 'move', path: 'title', value: 'x' }, 'invalidSyntax'],
  ['remove without a path', { op: 'remove' }, 'noTarget'],
  ['a value of another kind', { op: 'replace', path: 'active', value: 'maybe' }, 'invalidValue'],
  ['no value where objects are needed', { op: 'add', value: 'x' }, 'invalidValue'],
  ['the id', { op: 'replace', path: 'id', value: 'x' }, 'mutability'],
  ['the groups of a user', { op: 'add', path: 'groups', value: [{ value: 'x' }] }, 'mutability'],
  ['the time of change', { op: 'replace', path: 'meta.created', value: 'x' }, 'mutability'],
  ['taking away what is required', { op: 'remove', path: 'userName' }, 'mutability'],
  ['a filter of one value', { op: 'remove', path: 'name[givenName eq "x"]' }, 'invalidPath'],
])('refused: %s', (_, operation, type) => {
  expect(patch([operation])).toBe(type);
});

test('one operation that is refused refuses all', () => {
  const operations = [
    { op: 'replace', path: 'userName', value: 'x' },
    { op: 'replace', path: 'id', value: 'y' },
  ];
  expect(patch(operations)).toBe('mutability');
});

describe('as clients send it', () => {
  test('Entra ID: capital operations, text booleans, dotted names in a value', () => {
    const operations = [
      { op: 'Replace', path: 'active', value: 'False' },
      { op: 'Add', path: 'emails[type eq "work"].value', value: 'b@entra.example' },
      { op: 'Replace', value: { 'name.givenName': 'Babs', displayName: 'Babs J' } },
      { op: 'Add', path: `${ENTERPRISE_SCHEMA}:department`, value: 'Tours' },
      { op: 'Add', path: `${ENTERPRISE_SCHEMA}:manager`, value: '26118915' },
    ];
    expect(patch(operations)).toMatchObject({
      active: false,
      displayName: 'Babs J',
      name: { givenName: 'Babs', familyName: 'Jensen' },
      emails: [{ type: 'work', value: 'b@entra.example' }, {}],
      [ENTERPRISE_SCHEMA]: { department: 'Tours', manager: { value: '26118915' } },
    });
  });

  test('Okta: replace without a path', () => {
    expect(patch([{ op: 'replace', value: { active: false } }])).toMatchObject({ active: false });
  });

  test('an extension as a whole, and its end', () => {
    const with_ = patch([
      { op: 'add', value: { [ENTERPRISE_SCHEMA]: { division: 'Theme Park' } } },
    ]);
    expect(with_).toMatchObject({ [ENTERPRISE_SCHEMA]: { division: 'Theme Park' } });
    expect(patch([{ op: 'remove', path: ENTERPRISE_SCHEMA }], with_ as Json)).toEqual(barbara);
    expect(patch([{ op: 'remove', path: `${ENTERPRISE_SCHEMA}:division` }], with_ as Json)).toEqual(
      barbara,
    );
  });
});
