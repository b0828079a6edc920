import { expect, test } from 'vitest';

import { chooseAttributes, isShown } from './choose-attributes.ts';
import { pageOf } from './page-of.ts';
import { ENTERPRISE_SCHEMA, USER_KIND, USER_SCHEMA } from './schema.ts';

const user = {
  schemas: [USER_SCHEMA],
  id: '1',
  userName: 'b',
  name: { givenName: 'B', familyName: 'J' },
  emails: [{ value: 'b@x', type: 'work' }, { value: 'b@y' }],
  [ENTERPRISE_SCHEMA]: { department: 'Tours', division: 'Park' },
};
const chosen = (attributes?: string, excludedAttributes?: string): unknown =>
  chooseAttributes(USER_KIND, user, { attributes, excludedAttributes });
const head = { schemas: [USER_SCHEMA], id: '1' };

test('only what is asked for, and what is always there', () => {
  expect(chosen('USERNAME, shoeSize')).toEqual({ ...head, userName: 'b' });
  expect(chosen('name.givenName,name.familyName')).toEqual({ ...head, name: user.name });
  expect(chosen('emails.type')).toEqual({ ...head, emails: [{ type: 'work' }, {}] });
  expect(chosen(`${ENTERPRISE_SCHEMA}:department`)).toEqual({
    ...head,
    [ENTERPRISE_SCHEMA]: { department: 'Tours' },
  });
  expect(chosen(ENTERPRISE_SCHEMA)).toEqual({
    ...head,
    [ENTERPRISE_SCHEMA]: user[ENTERPRISE_SCHEMA],
  });
});

test('all but what is not wanted; the id stays', () => {
  expect(chosen(undefined, 'emails,name.familyName,id')).toEqual({
    ...head,
    userName: 'b',
    name: { givenName: 'B' },
    [ENTERPRISE_SCHEMA]: user[ENTERPRISE_SCHEMA],
  });
  expect(chosen(undefined, `${ENTERPRISE_SCHEMA}:division`)).toMatchObject({
    [ENTERPRISE_SCHEMA]: { department: 'Tours' },
  });
  expect(chosen(undefined, ENTERPRISE_SCHEMA)).not.toHaveProperty(ENTERPRISE_SCHEMA);
  expect(chosen('', '')).toEqual(user);
});

test('members are read when somebody wants to see them', () => {
  expect(isShown({}, 'members')).toBe(true);
  expect(isShown({ excludedAttributes: 'Members' }, 'members')).toBe(false);
  expect(isShown({ attributes: 'displayName' }, 'members')).toBe(false);
  expect(isShown({ attributes: 'displayName,members.value' }, 'members')).toBe(true);
});

test('a page begins at one, and is bounded', () => {
  expect(pageOf({})).toEqual({ startIndex: 1, count: 100 });
  expect(pageOf({ startIndex: -3, count: -1 })).toEqual({ startIndex: 1, count: 0 });
  expect(pageOf({ startIndex: 7, count: 100_000 })).toEqual({ startIndex: 7, count: 200 });
});
