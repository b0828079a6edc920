import { chown, mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { inspectEmbeddedPostgres } from '@sagewai/embedded-postgres';
import { expect } from 'vitest';

import { ask, askWell, bearer } from '../harness/api.ts';
import { test } from '../harness/e2e-test.ts';
import { cleanEnvironment } from '../harness/environment.ts';
import { freePort } from '../harness/free-port.ts';
import { type Running, type Start, startProcess } from '../harness/process.ts';
import { LAUNCHER, startSagewai } from '../harness/sagewai.ts';
import type { Stage } from '../harness/stage.ts';
import { waitUntil } from '../harness/wait-until.ts';

interface Ready {
  readonly url: string;
  readonly admin_token: string;
  readonly virtual_key: string;
  readonly organization: string;
  readonly project: string;
  readonly home: string;
}

// A machine's own Ollama must not become a provider of the test.
const environment = { OLLAMA_HOST: 'http://127.0.0.1:9', START_TIMEOUT: '60s' };

async function startUp(
  stage: Stage,
  words: readonly string[],
  options: Partial<Start> & { environment?: Readonly<Record<string, string>> } = {},
): Promise<Running> {
  const { environment: further, ...rest } = options;
  return startSagewai(stage, ['up', '--json', '--port', String(await freePort()), ...words], {
    name: 'up',
    channel: false,
    environment: { ...environment, ...further },
    ...rest,
  });
}

async function readyOf(up: Running): Promise<Ready> {
  const [line] = await up.says(/^\{"url".*\}$/m, 90_000);
  return JSON.parse(line) as Ready;
}

const factsOf = (up: Running): unknown[] =>
  up
    .stdout()
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as unknown);

const SAMPLE = { state: 'completed', models_used: [expect.stringContaining('simulated')] };

test('one command on an empty home: two lines of JSON, exit 0; the next one finds its data', async ({
  stage,
}) => {
  const home = join(stage.folder, 'home');
  const once = await startUp(stage, ['--once', '--home', home]);
  expect(await once.ended).toMatchObject({ code: 0 });
  const [first, run] = factsOf(once);
  expect(Object.keys(first as Ready).toSorted()).toEqual(
    ['admin_token', 'home', 'organization', 'project', 'url', 'virtual_key'].toSorted(),
  );
  expect(first).toMatchObject({ home, admin_token: expect.stringMatching(/^sat-/) });
  expect(run).toMatchObject(SAMPLE);
  expect(await inspectEmbeddedPostgres(home)).toMatchObject({ pid: null });

  const again = await startUp(stage, ['--home', home]);
  const ready = await readyOf(again);
  const { virtual_key: key, organization, project, admin_token: token } = first as Ready;
  expect(ready).toMatchObject({ virtual_key: key, organization, project, admin_token: token });
  await again.says(/Ctrl-C stops everything/);
  const { runs } = await askWell(`${ready.url}/api/v1/runs`, { headers: bearer(token) });
  expect(runs).toHaveLength(2);
  expect(runs.map(({ id }: { id: string }) => id)).toContain((run as { id: string }).id);

  const { port } = new URL(ready.url);
  const taken = startSagewai(stage, ['up', '--port', port, '--home', join(stage.folder, 'other')]);
  expect((await taken.ended).code).toBe(1);
  expect(taken.text()).toContain(`Port ${port} is taken`);
  expect(taken.text()).toContain('--port');

  const locked = await startUp(stage, ['--home', home]);
  expect((await locked.ended).code).toBe(1);
  expect(locked.text()).toContain(String(again.pid));
  expect(locked.text()).toContain('--home');

  again.send('SIGINT');
  again.send('SIGINT'); // The terminal's and npm's: one press.
  expect(await again.ended).toMatchObject({ code: 0 });
  await expect(ask(`${ready.url}/healthz`)).rejects.toThrow('fetch failed');
  expect(await inspectEmbeddedPostgres(home)).toMatchObject({ pid: null });
});

test('killed with kill -9, it starts again on the same home and has lost nothing', async ({
  stage,
}) => {
  const home = join(stage.folder, 'home');
  const killed = await startUp(stage, ['--home', home]);
  const before = await readyOf(killed);
  await killed.says(/Ctrl-C stops everything/);
  await killed.kill();
  const again = await startUp(stage, ['--home', home]);
  const after = await readyOf(again);
  expect(after.virtual_key).toBe(before.virtual_key);
  await again.says(/Ctrl-C stops everything/);
  const headers = bearer(after.admin_token);
  const { runs } = await askWell(`${after.url}/api/v1/runs`, { headers });
  expect(runs).toHaveLength(2);
  expect(await again.stop()).toMatchObject({ code: 0 });
});

test('it drains when the process that started it goes away', async ({ stage }) => {
  const home = join(stage.folder, 'home');
  const port = await freePort();
  const command = `"${process.execPath}" "${LAUNCHER}" up --port ${port} --home "${home}" --workers 1 & wait`;
  const shell = startProcess(stage, {
    name: 'a shell',
    command: '/bin/sh',
    words: ['-c', command],
    environment: cleanEnvironment(environment),
    channel: false,
  });
  await shell.says(/Ctrl-C stops everything/, 90_000);
  shell.send('SIGKILL');
  await waitUntil(
    async () => {
      const { pid, owner } = await inspectEmbeddedPostgres(home);
      return pid === null && owner.kind === 'free';
    },
    { msMax: 40_000, otherwise: () => `it did not drain:\n${shell.text()}` },
  );
  await expect(ask(`http://127.0.0.1:${port}/healthz`)).rejects.toThrow('fetch failed');
});

test('as an ordinary user', async ({ stage }) => {
  if (process.getuid?.() !== 0) {
    console.log('as an ordinary user: so is this run, which the other tests of `up` have shown');
    return;
  }
  const user = { uid: 61_234, gid: 61_234 };
  const own = await realpath(await mkdtemp(join(tmpdir(), 'sagewai-user-')));
  stage.defer('the home of the user', () => rm(own, { recursive: true, force: true }));
  await chown(own, user.uid, user.gid);
  const up = await startUp(stage, ['--once', '--home', join(own, 'home')], {
    user,
    environment: { HOME: own, USER: 'somebody' },
  });
  expect(await up.ended).toMatchObject({ code: 0 });
  expect(factsOf(up)[1]).toMatchObject(SAMPLE);
});
