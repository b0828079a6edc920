import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { test as base, expect } from 'vitest';

import { keepLogin } from './keep-login.ts';

const COMMAND = fileURLToPath(new URL('../../launcher/bin/sagewai.js', import.meta.url));

const test = base.extend<{ home: string }>({
  // oxlint-disable-next-line no-empty-pattern -- Vitest reads the parameter's names
  home: async ({}, use) => {
    const home = await mkdtemp(join(tmpdir(), 'sagewai-login-'));
    await use(home);
    await rm(home, { recursive: true });
  },
});

const login = { url: 'http://localhost:8000', token: 'sat-ours' };
const unknown = { formerToken: undefined, isKnown: () => Promise.resolve(false) };
const known = { formerToken: undefined, isKnown: () => Promise.resolve(true) };

const fileIn = (home: string): string => join(home, 'login.json');
const savedIn = async (home: string): Promise<unknown> =>
  JSON.parse(await readFile(fileIn(home), 'utf8'));
const save = (home: string, saved: unknown): Promise<void> =>
  writeFile(fileIn(home), JSON.stringify(saved));

test('the command line finds the server and the token that were kept', async ({ home }) => {
  const authorizations: (string | undefined)[] = [];
  const server = createServer((request, response) => {
    authorizations.push(request.headers.authorization);
    response.setHeader('content-type', 'application/json').end('{"runs":[]}');
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (typeof address !== 'object' || !address) throw new Error('no address');
  await keepLogin({ ...login, url: `http://localhost:${address.port}` }, { home, ...unknown });
  const command = spawn(process.execPath, [COMMAND, 'runs', 'list', '--json'], {
    env: { PATH: process.env['PATH'], SAGEWAI_HOME: home },
    stdio: 'ignore',
  });
  await once(command, 'exit');
  server.close();
  expect(authorizations).toEqual(['Bearer sat-ours']);
});

test('only its owner can read it', async ({ home }) => {
  await keepLogin(login, { home, ...unknown });
  expect((await stat(fileIn(home))).mode & 0o777).toBe(0o600);
});

test('a login to another server is left alone', async ({ home }) => {
  const other = { url: 'https://sagewai.acme.example', token: 'sat-theirs' };
  await save(home, other);
  expect(await keepLogin(login, { home, ...unknown })).toEqual({
    kind: 'elsewhere',
    url: other.url,
  });
  expect(await savedIn(home)).toEqual(other);
});

test('a login to this server with a token of its own is left alone', async ({ home }) => {
  const narrower = { ...login, token: 'sat-read-only' };
  await save(home, narrower);
  expect(await keepLogin(login, { home, ...known })).toEqual({ kind: 'here' });
  expect(await savedIn(home)).toEqual(narrower);
});

test('a login to this server that it does not know any longer is replaced', async ({ home }) => {
  await save(home, { ...login, token: 'sat-of-an-earlier-database' });
  expect(await keepLogin(login, { home, ...unknown })).toEqual({ kind: 'here' });
  expect(await savedIn(home)).toEqual(login);
});

test('our own login follows the port, and a new token', async ({ home }) => {
  await keepLogin({ ...login, url: 'http://localhost:9000' }, { home, ...unknown });
  await keepLogin(login, { home, ...unknown });
  expect(await savedIn(home)).toEqual(login);
  const renewed = { url: 'http://localhost:9001', token: 'sat-new' };
  const former = { ...unknown, formerToken: login.token };
  expect(await keepLogin(renewed, { home, ...former })).toEqual({ kind: 'here' });
  expect(await savedIn(home)).toEqual(renewed);
});

test('our own login names our organization, unless its owner has chosen another', async ({
  home,
}) => {
  await keepLogin({ ...login, organization: 'first' }, { home, ...unknown });
  expect(await savedIn(home)).toEqual({ ...login, organization: 'first' });
  await save(home, { ...login, organization: 'acme' });
  await keepLogin({ ...login, organization: 'first' }, { home, ...unknown });
  expect(await savedIn(home)).toEqual({ ...login, organization: 'acme' });
  await save(home, { url: login.url, token: 'sat-of-an-earlier-database', organization: 'gone' });
  await keepLogin({ ...login, organization: 'first' }, { home, ...unknown });
  expect(await savedIn(home)).toEqual({ ...login, organization: 'first' });
});

test('a file that is no login is replaced', async ({ home }) => {
  await writeFile(fileIn(home), 'nothing like it');
  expect(await keepLogin(login, { home, ...unknown })).toEqual({ kind: 'here' });
  expect(await savedIn(home)).toEqual(login);
});
