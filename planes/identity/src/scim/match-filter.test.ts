import { describe, expect, test } from 'vitest';

import { compileFilter, type Json } from './match-filter.ts';
import { parseFilter } from './parse-filter.ts';
import { ENTERPRISE_SCHEMA, USER_KIND } from './schema.ts';

const barbara: Json = {
  userName: 'bjensen@example.com',
  externalId: 'Ext-1',
  name: { givenName: 'Barbara', familyName: 'Jensen' },
  title: 'Tour Guide',
  active: true,
  emails: [
    { value: 'bjensen@example.com', type: 'work', primary: true },
    { value: 'babs@jensen.org', type: 'home' },
  ],
  meta: { created: '2024-01-01T00:00:00Z', lastModified: '2025-06-01T12:00:00.000Z' },
  [ENTERPRISE_SCHEMA]: { department: 'Tours', manager: { value: '26118915' } },
};

/** Whether it meets the filter, or what was said against the filter. */
function matches(text: string, resource: Json = barbara): boolean | string {
  const parsed = parseFilter(text);
  if (parsed.kind === 'refused') return parsed.detail;
  const compiled = compileFilter(USER_KIND, parsed.filter);
  return compiled.kind === 'refused' ? compiled.detail : compiled.matches(resource);
}

describe('a filter', () => {
  test.each([
    'userName eq "BJENSEN@example.com"',
    'externalId eq "Ext-1"',
    'name.familyName co "ens"',
    'userName sw "bj"',
    'userName ew ".com"',
    'title pr',
    'name pr',
    'meta.lastModified gt "2025-06-01T11:59:59Z"',
    'meta.lastModified eq "2025-06-01T14:00:00+02:00"',
    'meta.created lt "2024-01-01T00:00:01Z"',
    'title gt "tour"',
    'emails eq "babs@jensen.org"',
    'emails.type eq "home"',
    'emails[type eq "home" and value ew "jensen.org"]',
    'not (emails[type eq "home" and primary eq true])',
    'active eq true',
    'active eq "True"',
    'active ne false',
    'nickName eq null',
    'title ne null',
    'nickName ne "Babs"',
    `${ENTERPRISE_SCHEMA}:department eq "tours"`,
    `${ENTERPRISE_SCHEMA}:manager.value eq "26118915"`,
    `${ENTERPRISE_SCHEMA}:manager eq "26118915"`,
    'userName eq "nobody" or (title pr and active eq true)',
  ])('is met: %s', (text) => {
    expect(matches(text)).toBe(true);
  });

  test.each([
    'externalId eq "ext-1"',
    'userName eq "bjensen"',
    'nickName pr',
    'emails[type eq "work" and value ew "jensen.org"]',
    'emails.type eq "other"',
    'active eq false',
    'active ne true',
    'title eq null',
    'meta.lastModified le "2025-06-01T11:59:59Z"',
    'not (userName pr)',
    'title pr and nickName pr',
    `${ENTERPRISE_SCHEMA}:department eq "sales"`,
  ])('is not met: %s', (text) => {
    expect(matches(text)).toBe(false);
  });

  test.each([
    ['shoeSize eq "42"', 'User has no attribute shoeSize'],
    ['name.nick eq "x"', 'User has no attribute name.nick'],
    ['emails[shape eq "x"]', 'emails has no part shape'],
    ['urn:example:1.0:User:department eq "x"', 'no attribute urn:example:1.0:User:department'],
    ['password eq "secret"', 'User has no attribute password'],
    ['active gt true', 'active cannot be compared by gt'],
    ['active eq "perhaps"', 'active cannot be compared by eq'],
    ['meta.created co "2024"', 'meta.created cannot be compared by co'],
    ['meta.created gt "yesterday"', 'meta.created cannot be compared by gt'],
    ['userName gt null', 'userName cannot be compared by gt'],
    ['userName eq 7', 'userName cannot be compared by eq'],
  ])('is refused by name: %s', (text, why) => {
    expect(matches(text)).toContain(why);
  });
});
