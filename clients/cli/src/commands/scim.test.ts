import { expect, test } from 'vitest';

import { shell } from '../shell-fixture.ts';

const ID = '0199aaaa-0000-7000-8000-000000000001';

test('a token of an identity provider does nothing but SCIM, and is shown once', async () => {
  const { run, server, url } = await shell();
  const token = {
    id: ID,
    name: 'okta',
    scopes: ['scim'],
    project_id: null,
    account_id: null,
    service_account_id: null,
    single_use: false,
    created_by: 'token:1',
    created_at: '2026-01-01T00:00:00Z',
    expires_at: null,
    revoked_at: null,
    last_used_at: null,
  };
  server.on('identity.createToken', () => ({ status: 201, json: { ...token, token: 'sat-x' } }));
  const made = await run('scim token --name okta --expires 365d');
  expect(made.out).toBe('sat-x');
  expect(made.err).toContain(`${url}/scim/v2`);
  expect(made.err).toContain(`sagewai tokens revoke ${ID}`);
  expect(server.asked('identity.createToken')[0]?.body).toEqual({
    name: 'okta',
    scopes: ['scim'],
    expires_in_seconds: 31_536_000,
  });
});
