import type { ProjectId } from '@sagewai/wire';
import { describe, expect, test } from 'vitest';

import { type Candidate, type Candidates, chooseAccount, speaksFor } from './choose-account.ts';
import type { ClaimNames } from './connection.ts';
import { followGroups } from './follow-groups.ts';
import { readClaims, type SignedIn } from './read-claims.ts';

const names: ClaimNames = {
  email: 'email',
  emailVerified: 'email_verified',
  name: 'name',
  groups: 'groups',
  externalId: null,
};
const read = (claims: object, more: Partial<ClaimNames> = {}): unknown => {
  const answer = readClaims({ sub: 's1', ...claims }, { ...names, ...more });
  return answer.kind === 'signed_in' ? answer.who : answer.why;
};

describe('claims', () => {
  test('are read under the names of the connection, and by a path', () => {
    expect(
      read({
        email: 'Ada@Acme.Example',
        email_verified: true,
        name: 'Ada',
        groups: ['dev'],
        sid: 'x',
      }),
    ).toEqual({
      subject: 's1',
      email: 'ada@acme.example',
      isEmailVerified: true,
      name: 'Ada',
      groups: ['dev'],
      externalId: null,
      providerSession: 'x',
    });
    const keycloak = {
      realm_access: { roles: ['dev', 7, ''] },
      upn: 'ada@acme.example',
      oid: 'o1',
    };
    expect(
      read(keycloak, { groups: 'realm_access.roles', email: 'upn', externalId: 'oid' }),
    ).toMatchObject({ groups: ['dev'], email: 'ada@acme.example', externalId: 'o1' });
    expect(
      read({ 'https://acme.example/groups': 'one' }, { groups: 'https://acme.example/groups' }),
    ).toMatchObject({ groups: ['one'] });
  });

  test('say nothing that they do not say', () => {
    expect(read({})).toMatchObject({ email: null, isEmailVerified: false, name: null, groups: [] });
    expect(read({ email: 'no address', email_verified: 1 })).toMatchObject({
      email: null,
      isEmailVerified: false,
    });
    expect(read({ __proto__: { email: 'a@b.c' } })).toMatchObject({ email: null });
    expect(read({ sub: '' })).toMatch(/no subject/);
  });

  test('groups that are too many to be sent are not taken for none', () => {
    expect(read({ _claim_names: { groups: 'src1' } })).toMatch(/too many/);
    expect(read({ hasgroups: true })).toMatch(/too many/);
    expect(read({ groups: Array.from({ length: 2_001 }, (_, at) => `g${at}`) })).toMatch(
      /more than/,
    );
  });
});

const who: SignedIn = {
  subject: 's1',
  email: 'ada@acme.example',
  isEmailVerified: true,
  name: null,
  groups: [],
  externalId: null,
  providerSession: null,
};
const account = (more: Partial<Candidate> = {}): Candidate => ({
  id: 'a1',
  active: true,
  isTaken: false,
  ...more,
});
const nobody: Candidates = { bySubject: null, byExternalId: null, byEmail: null };
const open = { provisioning: 'first_sign_in', emailDomains: ['Acme.example'] } as const;

describe('the account', () => {
  test('is the one that this subject signed in to before, whatever its address is now (O1)', () => {
    const moved = { ...who, email: 'other@evil.example', isEmailVerified: false };
    const found = { ...nobody, bySubject: account(), byEmail: account({ id: 'a2' }) };
    expect(chooseAccount(moved, found, open)).toEqual({ kind: 'known', id: 'a1' });
  });

  test('is found by the id that SCIM keeps, then by a verified address (O1)', () => {
    const found = { ...nobody, byExternalId: account(), byEmail: account({ id: 'a2' }) };
    expect(chooseAccount({ ...who, isEmailVerified: false }, found, open)).toEqual({
      kind: 'join',
      id: 'a1',
      by: 'external_id',
    });
    expect(chooseAccount(who, { ...nobody, byEmail: account() }, open)).toEqual({
      kind: 'join',
      id: 'a1',
      by: 'email',
    });
  });

  test('is not given to an address that is not verified, of another domain, or taken (O1)', () => {
    const byEmail = { ...nobody, byEmail: account() };
    const refusedAs = (...given: Parameters<typeof chooseAccount>): string => {
      const answer = chooseAccount(...given);
      return answer.kind === 'refused' ? answer.why : answer.kind;
    };
    expect(refusedAs({ ...who, isEmailVerified: false }, byEmail, open)).toMatch(/not verified/);
    expect(refusedAs(who, byEmail, { ...open, emailDomains: ['other.example'] })).toMatch(/domain/);
    expect(refusedAs(who, byEmail, { ...open, emailDomains: [] })).toMatch(/domain/);
    expect(refusedAs(who, { ...nobody, byEmail: account({ isTaken: true }) }, open)).toMatch(
      /else/,
    );
    expect(refusedAs({ ...who, email: null }, nobody, open)).toMatch(/no e-mail/);
    for (const found of ['bySubject', 'byExternalId', 'byEmail'] as const) {
      const gone = { ...nobody, [found]: account({ active: false }) };
      expect(refusedAs(who, gone, open)).toMatch(/deactivated/);
    }
  });

  test('is made at the first sign-in, unless only known accounts may sign in', () => {
    expect(chooseAccount(who, nobody, open)).toEqual({ kind: 'provision', email: who.email });
    expect(chooseAccount(who, nobody, { ...open, provisioning: 'known_accounts' })).toMatchObject({
      kind: 'refused',
    });
  });

  test('a domain is the whole of what follows the last @', () => {
    expect(speaksFor('a@acme.example', ['acme.example'])).toBe(true);
    expect(speaksFor('a@evil-acme.example', ['acme.example'])).toBe(false);
    expect(speaksFor('a@sub.acme.example', ['acme.example'])).toBe(false);
    expect(speaksFor('a@acme.example@evil.example', ['acme.example'])).toBe(false);
  });
});

test('roles follow the groups, each once; what is right already is left alone (O2)', () => {
  const projectId = 'p1' as ProjectId;
  const mapping = [
    { group: '*', role: 'viewer', projectId: null },
    { group: 'dev', role: 'developer', projectId },
    { group: 'dev2', role: 'developer', projectId },
    { group: 'ops', role: 'operator', projectId: null },
  ];
  const held = [
    { id: '1', role: 'viewer', projectId: null },
    { id: '2', role: 'operator', projectId: null },
  ];
  expect(followGroups(['dev', 'dev2', 'other'], mapping, held)).toEqual({
    give: [{ role: 'developer', projectId }],
    take: [held[1]],
  });
  expect(followGroups([], [], held)).toEqual({ give: [], take: held });
});
