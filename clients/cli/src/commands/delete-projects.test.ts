import { generateKeyPairSync, sign } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { tempHome } from '@sagewai/testing';
import { expect, test } from 'vitest';

import { shell } from '../shell-fixture.ts';

const ID = '0199aaaa-0000-7000-8000-000000000001';
const AT = '2026-01-01T00:00:00Z';
const deletion = {
  project_id: ID,
  project: 'old',
  state: 'waiting',
  requested_by: 'token:t',
  requested_at: AT,
  due_at: AT,
  finished_at: null,
  waits_for: null,
  deleted: [{ table: 'run', rows: 2 }],
  objects: 1,
};

test('a project is renamed, deleted with its name once more, and taken back', async () => {
  const { run, server } = await shell();
  server.on('identity.renameProject', () => ({
    json: { id: ID, organization_id: ID, name: 'new', state: 'active', created_at: AT },
  }));
  server.on('identity.deleteProject', () => ({ status: 202, json: deletion }));
  server.on('identity.undeleteProject', () => ({ json: { project_id: ID, project: 'old' } }));
  expect((await run('projects rename old new')).out).toBe('old is new now.');
  expect((await run('projects delete old')).code).toBe(2);
  expect((await run('projects delete old --confirm old')).out).toContain('out of reach');
  expect(server.asked('identity.deleteProject')[0]?.body).toEqual({ confirm: 'old' });
  expect((await run('projects undelete old')).out).toContain('is back');
});

test('a certificate is shown, and checked in a file without the server', async () => {
  await using home = await tempHome();
  const { run, server } = await shell();
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const { x = '' } = publicKey.export({ format: 'jwk' });
  const text = JSON.stringify({
    format: 'sagewai.project-deletion/1',
    project: { id: ID, name: 'old' },
    finished_at: AT,
    deleted: [{ table: 'run', rows: 2 }],
    objects: 1,
  });
  const signature = sign(null, Buffer.from(text), privateKey).toString('base64url');
  server.on('identity.getProjectDeletion', () => ({ json: { ...deletion, certificate: null } }));
  server.on('identity.listProjectDeletions', () => ({ json: { deletions: [deletion] } }));
  expect((await run('projects certificate old')).out).toMatch(/run +2/);
  expect((await run('projects deletions')).out).toMatch(/old +waiting/);
  const file = join(home.path, 'c.json');
  await writeFile(file, JSON.stringify({ certificate: { text, signature, key: { x } } }));
  const good = await run(`projects verify-certificate ${file} --key ${x}`);
  expect(good).toMatchObject({ code: 0 });
  expect(good.out).toContain('Good: old was deleted');
  expect((await run(`projects verify-certificate ${file} --key other`)).code).toBe(1);
  await writeFile(file, JSON.stringify({ text: text.replace('2', '3'), signature, key: { x } }));
  expect((await run(`projects verify-certificate ${file}`)).out).toContain('Not good (signature)');
  await writeFile(file, '{}');
  expect((await run(`projects verify-certificate ${file}`)).code).toBe(2);
  const missing = await run(`projects verify-certificate ${file}.not-there`);
  expect(missing).toMatchObject({ code: 2, err: expect.stringContaining('ENOENT') });
});
