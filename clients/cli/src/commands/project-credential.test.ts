import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { expect, test } from 'vitest';

import { shell } from '../shell-fixture.ts';

const shown = {
  project_id: '0199aaaa-0000-7000-8000-000000000001',
  base_url: 'http://litellm:4000/v1',
  kind: 'made' as const,
  hint: 'sk-…3f2a',
  created_by: 'token:ops',
  created_at: '2026-11-28T00:00:00.000Z',
  replaced_at: null,
};

test('projects credential has one made, shows, rotates and removes it', async () => {
  const { run, server } = await shell();
  const ids = ['set', 'get', 'rotate'] as const;
  for (const one of ids) server.on(`gateway.${one}ProjectCredential`, () => ({ json: shown }));
  const removed = { project_id: shown.project_id, removed: true as const };
  server.on('gateway.removeProjectCredential', () => ({ json: removed }));
  const made = await run(
    'projects credential set research --make --max-budget 100 --budget-duration 30d --models a,b',
  );
  expect(made.out).toMatch(/sk-…3f2a +made +http:\/\/litellm:4000\/v1/);
  expect(server.asked('gateway.setProjectCredential')[0]).toMatchObject({
    params: { project: 'research' },
    body: { make: { max_budget: 100, budget_duration: '30d', models: ['a', 'b'] } },
  });
  expect(JSON.parse((await run('projects credential show research --json')).out)).toEqual(shown);
  expect((await run('projects credential rotate research')).code).toBe(0);
  expect((await run('projects credential remove research')).out).toContain('Removed');
});

test('a given one comes from a file, never from the command line', async () => {
  const { run, server, home } = await shell();
  server.on('gateway.setProjectCredential', () => ({ json: { ...shown, kind: 'given' } }));
  const file = join(home, 'key.txt');
  await writeFile(file, 'sk-of-the-project\n');
  const base = '--base-url https://api.openai.com/v1';
  const set = await run(`projects credential set research --key-file ${file} ${base}`);
  expect(set.code).toBe(0);
  expect(server.asked('gateway.setProjectCredential')[0]?.body).toEqual({
    key: 'sk-of-the-project',
    base_url: 'https://api.openai.com/v1',
  });
  for (const wrong of ['', `--make --key-file ${file}`, `--key-file ${file} --max-budget 1`]) {
    expect((await run(`projects credential set research ${wrong}`)).code).toBe(2);
  }
  expect((await run('projects credential set research --make --max-budget much')).code).toBe(2);
});
