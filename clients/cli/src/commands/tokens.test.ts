import { expect, test } from 'vitest';

import { shell } from '../shell-fixture.ts';

const ID = '0199aaaa-0000-7000-8000-000000000001';
const AT = '2026-01-01T00:00:00Z';
const token = {
  id: ID,
  name: 'anna',
  scopes: ['admin'],
  project_id: null,
  account_id: null,
  service_account_id: null,
  single_use: false,
  created_by: 'token:1',
  created_at: AT,
  expires_at: null,
  revoked_at: null,
  last_used_at: null,
};

test('tokens: made for a project and a time, shown once, listed with their state, revoked', async () => {
  const { run, server, url } = await shell();
  server.on('identity.createToken', () => ({ status: 201, json: { ...token, token: 'sat-x' } }));
  const made = await run('tokens create --name anna --scope admin --for staging --expires 90d');
  expect(made.out).toBe('sat-x');
  expect(made.err).toContain(`sagewai login --gateway ${url}`);
  expect(server.asked('identity.createToken')[0]?.body).toEqual({
    name: 'anna',
    scopes: ['admin'],
    project: 'staging',
    expires_in_seconds: 7_776_000,
  });
  expect((await run('tokens create --name anna --scope root')).code).toBe(2);

  server.on('identity.listTokens', () => ({
    json: {
      tokens: [token, { ...token, expires_at: AT }, { ...token, revoked_at: AT, project_id: ID }],
      next_cursor: null,
    },
  }));
  const listed = (await run('tokens list')).out.split('\n').slice(1);
  expect(listed[0]).toMatch(/anna +admin +all +active/);
  expect(listed[1]).toMatch(/ expired/);
  expect(listed[2]).toMatch(new RegExp(` ${ID} +revoked`));

  server.on('identity.revokeToken', () => ({ json: { ...token, revoked_at: AT } }));
  expect((await run(`tokens revoke ${ID}`)).out).toBe('Revoked anna.');
});

test('projects: made by their name, and listed', async () => {
  const { run, server } = await shell();
  const project = { id: ID, organization_id: ID, name: 'staging', state: 'active', created_at: AT };
  server.on('identity.createProject', () => ({ status: 201, json: project }));
  server.on('identity.listProjects', () => ({ json: { projects: [project], next_cursor: ID } }));
  expect((await run('projects create staging')).out).toBe(ID);
  const listed = await run('projects list');
  expect(listed.out).toMatch(/staging +.+ ago/);
  expect(listed.err).toContain('more than 200');
});
