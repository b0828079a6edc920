import { expect, test } from 'vitest';

import { shell } from '../shell-fixture.ts';

const ID = '0199aaaa-0000-7000-8000-000000000001';
const AT = '2026-01-01T00:00:00Z';
const held = {
  id: ID,
  role: 'operator',
  project_id: null,
  subject_kind: 'account',
  subject_id: ID,
  project: null,
  subject: 'anna@acme.test',
  created_by: 'token:1',
  created_at: AT,
};
const anna = {
  id: ID,
  email: 'anna@acme.test',
  name: 'Anna',
  source: 'local',
  active: true,
  created_at: AT,
  last_login_at: null,
  deactivated_at: null,
};

test('roles: listed, shown, made, given in a project, and taken away', async () => {
  const { run, server } = await shell();
  const starter = {
    name: 'starter',
    built_in: false,
    description: null,
    permissions: ['run:read'],
  };
  server.on('identity.listRoles', () => ({ json: { roles: [starter] } }));
  expect((await run('roles list')).out).toMatch(/starter +custom +1/);
  expect((await run('roles show starter')).out).toBe('run:read');
  expect((await run('roles show nothing')).code).not.toBe(0);
  server.on('identity.createRole', () => ({ status: 201, json: starter }));
  await run('roles create starter --permissions run:read,run:submit');
  expect(server.asked('identity.createRole')[0]?.body).toEqual({
    name: 'starter',
    permissions: ['run:read', 'run:submit'],
  });
  server.on('identity.assignRole', () => ({ status: 201, json: held }));
  await run('roles assign developer --to builders --kind group --for staging');
  expect(server.asked('identity.assignRole')[0]?.body).toEqual({
    role: 'developer',
    subject_kind: 'group',
    subject: 'builders',
    project: 'staging',
  });
  server.on('identity.unassignRole', () => ({ json: held }));
  expect((await run(`roles unassign ${ID}`)).out).toBe('Took operator away.');
});

test('accounts: listed, shown with their roles, stopped', async () => {
  const { run, server } = await shell();
  server.on('identity.listAccounts', () => ({ json: { accounts: [anna], next_cursor: null } }));
  expect((await run('accounts list')).out).toMatch(/anna@acme.test +Anna +local +active/);
  server.on('identity.getAccount', () => ({ json: { ...anna, roles: [held] } }));
  expect((await run('accounts show anna@acme.test')).out).toMatch(/operator +account/);
  server.on('identity.setAccountActive', () => ({ json: { ...anna, active: false } }));
  expect((await run('accounts deactivate anna@acme.test')).out).toContain('deactivated');
  expect(server.asked('identity.setAccountActive')[0]?.body).toEqual({ active: false });
});

test('service accounts: made, listed, stopped; their tokens are for one use when asked', async () => {
  const { run, server } = await shell();
  const deploy = { id: ID, name: 'deploy', active: false, created_by: 'x', created_at: AT };
  server.on('identity.createServiceAccount', () => ({ status: 201, json: deploy }));
  expect((await run('service-accounts create deploy')).out).toBe(ID);
  server.on('identity.setServiceAccountActive', () => ({ json: deploy }));
  expect((await run('service-accounts deactivate deploy')).out).toBe('deploy is stopped.');
  server.on('identity.createToken', () => ({ status: 400, json: {} }));
  await run('tokens create --name ci --service-account deploy --single-use');
  expect(server.asked('identity.createToken')[0]?.body).toEqual({
    name: 'ci',
    scopes: ['read'],
    service_account: 'deploy',
    single_use: true,
  });
});
