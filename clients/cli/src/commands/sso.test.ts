import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { expect, test } from 'vitest';

import { shell } from '../shell-fixture.ts';

const ID = '0199aaaa-0000-7000-8000-000000000001';
const connection = {
  id: ID,
  name: 'okta',
  issuer: 'https://acme.okta.com',
  client_id: '0oa1',
  has_client_secret: true,
  client_authentication: 'basic',
  scopes: ['openid'],
  email_domains: ['acme.com'],
  claims: {
    email: 'email',
    email_verified: 'email_verified',
    name: 'name',
    groups: 'groups',
    external_id: null,
  },
  group_roles: [],
  provisioning: 'first_sign_in',
  enforced: false,
  enabled: true,
  start_path: `/auth/oidc/${ID}/start`,
  created_by: 'token:1',
  created_at: '2026-01-01T00:00:00Z',
  changed_at: '2026-01-01T00:00:00Z',
};

test('a provider is connected with a secret from a file, and told what to register there', async () => {
  const { run, server, home, url } = await shell();
  server.on('sso.createConnection', () => ({ status: 201, json: connection }));
  const file = join(home, 'secret');
  await writeFile(file, 'the secret\n');
  const made = await run([
    ...'sso create --name okta --issuer https://acme.okta.com --client-id 0oa1 --secret-file'.split(
      ' ',
    ),
    file,
    ...'--domains acme.com --claim groups=roles --role a=b=developer@staging --role *=viewer'.split(
      ' ',
    ),
    ...'--known-only --enforce'.split(' '),
  ]);
  expect(made.out).toBe(ID);
  expect(made.err).toContain(`${url}/auth/oidc/${ID}/callback`);
  expect(server.asked('sso.createConnection')[0]?.body).toEqual({
    name: 'okta',
    issuer: 'https://acme.okta.com',
    client_id: '0oa1',
    client_secret: 'the secret',
    email_domains: ['acme.com'],
    claims: { groups: 'roles' },
    group_roles: [
      { group: 'a=b', role: 'developer', project: 'staging' },
      { group: '*', role: 'viewer' },
    ],
    provisioning: 'known_accounts',
    enforced: true,
  });
});

test('what is changed is named, and nothing else', async () => {
  const { run, server } = await shell();
  server.on('sso.updateConnection', () => ({ json: connection }));
  await run('sso update okta --no-enforce --no-roles');
  await run('sso update okta --no-enabled');
  expect(server.asked('sso.updateConnection').map(({ body }) => body)).toEqual([
    { enforced: false, group_roles: [] },
    { enabled: false },
  ]);
  expect((await run('sso update okta')).code).toBe(2);
  expect((await run('sso update okta --claim shoe=size')).code).toBe(2);
  expect((await run('sso update okta --role developer')).code).toBe(2);
});

test('connections are listed, tried and deleted', async () => {
  const { run, server } = await shell();
  server.on('sso.listConnections', () => ({
    json: {
      connections: [
        connection,
        { ...connection, enforced: true },
        { ...connection, enabled: false },
      ],
    },
  }));
  const listed = (await run('sso list')).out.split('\n').slice(1);
  expect(listed.map((line) => line.trim().split(/ +/).at(-1))).toEqual(['on', 'enforced', 'off']);
  const found = {
    issuer: 'https://acme.okta.com',
    redirect_uri: 'https://sagewai.example/x',
    authorization_endpoint: null,
    token_endpoint: null,
    jwks_uri: null,
    end_session_endpoint: null,
    signing_algorithms: [],
    problems: ['The connection is not enabled.'],
  };
  server.on('sso.testConnection', () => ({ json: found }));
  const tried = await run('sso test okta');
  expect(tried.code).not.toBe(0);
  expect(tried.out).toContain('- The connection is not enabled.');
  server.on('sso.deleteConnection', () => ({ json: { id: ID, deleted: true } }));
  expect((await run('sso delete okta')).out).toBe('Deleted okta.');
});
