import { expect, test } from 'vitest';

import { type AskedConnection, settleConnection } from './settle-connection.ts';

const asked: AskedConnection = {
  name: 'okta',
  issuer: 'https://acme.okta.example',
  client_id: 'c1',
};
const settled = (more: AskedConnection = {}, hasSecret = true): unknown => {
  const answer = settleConnection(null, { ...asked, ...more }, hasSecret);
  return answer.kind === 'settled' ? answer.connection : answer.why;
};

test('a connection needs a name, an issuer and a client; the rest has defaults', () => {
  expect(settled()).toEqual({
    name: 'okta',
    issuer: 'https://acme.okta.example',
    clientId: 'c1',
    clientAuthentication: 'basic',
    scopes: ['openid', 'email', 'profile'],
    emailDomains: [],
    claims: {
      email: 'email',
      emailVerified: 'email_verified',
      name: 'name',
      groups: 'groups',
      externalId: null,
    },
    groupRoles: [],
    provisioning: 'first_sign_in',
    enforced: false,
    enabled: true,
  });
});

test('what is given is taken, tidied', () => {
  const given = {
    issuer: 'https://acme.okta.example/oauth2/.well-known/openid-configuration',
    scopes: ['email', 'groups'],
    email_domains: ['Acme.Example'],
    claims: { groups: 'roles', external_id: 'oid' },
  };
  expect(settled(given)).toMatchObject({
    issuer: 'https://acme.okta.example/oauth2',
    scopes: ['openid', 'email', 'groups'],
    emailDomains: ['acme.example'],
    claims: { email: 'email', groups: 'roles', externalId: 'oid' },
  });
});

test('a change leaves what it does not name', () => {
  const first = settleConnection(null, { ...asked, email_domains: ['acme.example'] }, true);
  if (first.kind !== 'settled') throw new Error('refused');
  const changed = settleConnection(
    first.connection,
    { enforced: true, claims: { name: 'n' } },
    true,
  );
  expect(changed).toEqual({
    kind: 'settled',
    connection: {
      ...first.connection,
      enforced: true,
      claims: { ...first.connection.claims, name: 'n' },
    },
  });
});

test('what cannot work is refused', () => {
  expect(settled({ issuer: 'https://' })).toMatch(/not an address/);
  expect(settled({ issuer: 'https://user:pass@acme.example' })).toMatch(/without credentials/);
  expect(settled({ issuer: 'https://acme.example/?x=1' })).toMatch(/without credentials/);
  expect(settled({}, false)).toMatch(/Give the secret/);
  expect(settled({ client_authentication: 'none' }, false)).toMatchObject({ clientId: 'c1' });
  expect(settled({ enforced: true, enabled: false })).toMatch(/cannot be enforced/);
});
