import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';

import { scriptedServer } from '@sagewai/testing/scripted-server';
import { expect, onTestFinished, test } from 'vitest';

const ID = '0199aaaa-0000-7000-8000-000000000001';

interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** The real process, without a terminal, as a script would start it. */
async function cli(
  words: readonly string[],
  environment: NodeJS.ProcessEnv,
): Promise<{ readonly kill: (signal: NodeJS.Signals) => void; readonly ended: Promise<Ended> }> {
  const home = await mkdtemp(join(tmpdir(), 'sagewai-cli-main-'));
  const main = JSON.stringify(new URL('main.ts', import.meta.url));
  const code = `const { main } = await import(${main});
process.exitCode = await main(process.argv.slice(1));`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', code, '--', ...words], {
    env: { PATH: process.env['PATH'], SAGEWAI_HOME: home, ...environment },
  });
  child.stdin.end();
  const ended = (async () => {
    const [out, err] = await Promise.all([text(child.stdout), text(child.stderr)]);
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    return { code: child.exitCode, out, err };
  })();
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await ended;
    await rm(home, { recursive: true });
  });
  return { kill: (signal) => void child.kill(signal), ended };
}

test('a result is one line of JSON on stdout, and everything else is on stderr', async () => {
  const server = await scriptedServer();
  server.on('fleet.listWorkers', () => ({ json: { workers: [], total: 0 } }));
  const { ended } = await cli(['fleet', 'list-workers', '--json'], { SAGEWAI_URL: server.url });
  expect(await ended).toEqual({ code: 0, out: '{"workers":[],"total":0}\n', err: '' });
});

test('without a terminal nothing is drawn, and nobody is asked', async () => {
  const server = await scriptedServer();
  server.on('runs.submitRuns', () => ({
    status: 201,
    json: { runs: [{ id: ID, created: true, pool: 'default', model: null }] },
  }));
  const words = ['runs', 'submit', '--payload', '-'];
  const none = await (await cli(words, { SAGEWAI_URL: server.url })).ended;
  expect(none).toMatchObject({ code: 2, out: '', err: expect.stringContaining('--payload') });
  const login = await (await cli(['login'], { SAGEWAI_URL: server.url })).ended;
  expect(login).toMatchObject({ code: 2, out: '', err: expect.stringContaining('--token') });
  // oxlint-disable-next-line no-control-regex -- they are what is looked for
  expect(none.err + login.err).not.toMatch(/[\u001b\r]/);
});

test('Ctrl-C ends a wait at once, with 130', async () => {
  const server = await scriptedServer();
  server.on('runs.getRun', () => 'silence');
  const { kill, ended } = await cli(['runs', 'watch', ID], { SAGEWAI_URL: server.url });
  await server.reached('runs.getRun');
  kill('SIGINT');
  expect(await ended).toMatchObject({ code: 130, out: '' });
});

test('a failure ends with its code, stdout empty', async () => {
  const { ended } = await cli(['runs', 'get', ID], { SAGEWAI_URL: 'http://127.0.0.1:9' });
  expect(await ended).toMatchObject({
    code: 6,
    out: '',
    err: expect.stringContaining('cannot reach'),
  });
});
