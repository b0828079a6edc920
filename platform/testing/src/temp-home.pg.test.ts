import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';

import { inspectEmbeddedPostgres, startEmbeddedPostgres } from '@sagewai/embedded-postgres';
import pg from 'pg';
import { expect, test } from 'vitest';

import { removeAbandonedHomes, tempHome } from './temp-home.ts';

const log = { info: () => undefined, warn: () => undefined, error: () => undefined };

test('is gone after the test, with the PostgreSQL in it', async () => {
  const home = await tempHome();
  const postgres = await startEmbeddedPostgres({ home: home.path, log, fsync: false });
  await expect(home.remove()).rejects.toThrow('still has an owner');
  expect(existsSync(home.path)).toBe(true);
  await postgres.stop();
  await home.remove();
  expect(existsSync(home.path)).toBe(false);
});

test('of a run that was killed is removed by the next one, that of a live one is not', async () => {
  const script = `
    const { startEmbeddedPostgres } = await import(${JSON.stringify(import.meta.resolve('@sagewai/embedded-postgres'))});
    const { tempHome } = await import(${JSON.stringify(new URL('./temp-home.ts', import.meta.url).href)});
    const log = { info() {}, warn() {}, error() {} };
    const home = await tempHome();
    const { url } = await startEmbeddedPostgres({ home: home.path, log, fsync: false });
    console.log(JSON.stringify({ path: home.path, url }));
  `;
  const run = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [said] = (await once(run.stdout, 'data')) as [Buffer];
  const { path, url } = JSON.parse(said.toString()) as { path: string; url: string };
  await removeAbandonedHomes();
  expect(await inspectEmbeddedPostgres(path)).toMatchObject({ owner: { ownerPid: run.pid } });

  run.kill('SIGKILL');
  await once(run, 'exit');
  const session = new pg.Client({ connectionString: url });
  session.on('error', () => undefined);
  const ended = Promise.withResolvers<void>();
  session.on('end', ended.resolve);
  await session.connect();
  await removeAbandonedHomes();
  expect(existsSync(path)).toBe(false);
  await ended.promise;
});
