import { resolve } from 'node:path';

import { silentLog } from '@sagewai/log';
import { expect, onTestFinished, test } from 'vitest';

import { createProcesses, findPort, type Processes } from './processes.ts';

const PROGRAM = resolve(import.meta.dirname, 'engine-fixture.mjs');
const HOST = '127.0.0.1';
/** A process takes as long to start as the machine is busy. */
const PATIENT = { timeout: 20_000, interval: 50 };

function processesWith(ended: (id: string) => void = () => undefined): Processes {
  const processes = createProcesses({ environment: {}, log: silentLog, graceMs: 5_000, ended });
  onTestFinished(() => processes.stopAll());
  return processes;
}

const answers = (port: number) => () =>
  fetch(`http://${HOST}:${port}/v1/models`).then(
    ({ ok }) => ok,
    () => false,
  );

test('one that is started in place of another ends that one (N6)', async () => {
  const processes = processesWith();
  const start = async (): Promise<() => Promise<boolean>> => {
    const port = await findPort(HOST);
    processes.start('one', process.execPath, [PROGRAM, String(port), 'tiny']);
    return answers(port);
  };
  const first = await start();
  await expect.poll(first, PATIENT).toBe(true);
  const second = await start();
  await expect.poll(first, PATIENT).toBe(false);
  await expect.poll(second, PATIENT).toBe(true);
  expect(processes.ids()).toEqual(['one']);
  await processes.stop('one');
  expect([await second(), processes.ids()]).toEqual([false, []]);
}, 60_000);

test('one that cannot be started is over, whoever waits for its end', async () => {
  const ended = Promise.withResolvers<string>();
  const processes = processesWith(ended.resolve);
  processes.start('one', '/nowhere/program', []);
  expect(await ended.promise).toBe('one');
  expect(processes.ids()).toEqual([]);
  processes.start('two', '/nowhere/program', []);
  await processes.stop('two');
});
