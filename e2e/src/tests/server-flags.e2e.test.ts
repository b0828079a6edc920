import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { expect } from 'vitest';

import { test } from '../harness/e2e-test.ts';
import { freePort } from '../harness/free-port.ts';
import { startSagewai } from '../harness/sagewai.ts';

/** Every process tells at its end with which of Node's flags it ran. */
const tells =
  "process.on('exit', () => console.error(`${process.argv[2]} ran with [${process.execArgv}] and ${process.env.MALLOC_ARENA_MAX} arenas`))";
const NODE_OPTIONS = `--import=data:text/javascript,${encodeURIComponent(tells)}`;
const RAN = 'ran with [--max-semi-space-size=16,--heap-growing-percent=50] and 2 arenas';

test('a server that was started plainly gives itself its flags, and stays the same process', async ({
  stage,
}) => {
  const server = startSagewai(stage, ['server', '--help'], {
    channel: false,
    environment: { NODE_OPTIONS },
  });
  expect(await server.ended).toMatchObject({ code: 0 });
  expect(server.text()).toContain(`server ${RAN}`);
  expect(server.text().match(/ran with/g)).toHaveLength(1);
});

test('what the operator has chosen stays, and other commands run as they are', async ({
  stage,
}) => {
  const chosen = startSagewai(stage, ['server', '--help'], {
    channel: false,
    environment: { NODE_OPTIONS: `${NODE_OPTIONS} --max-semi-space-size=4` },
  });
  const worker = startSagewai(stage, ['worker', '--help'], {
    channel: false,
    environment: { NODE_OPTIONS },
  });
  await Promise.all([chosen.ended, worker.ended]);
  expect(chosen.text()).toContain('server ran with [--heap-growing-percent=50]');
  expect(worker.text()).toContain('worker ran with []');
});

test('the server of `up` has them too', async ({ stage }) => {
  const home = join(stage.folder, 'home');
  const words = ['up', '--once', '--home', home, '--port', String(await freePort())];
  const up = startSagewai(stage, words, {
    channel: false,
    environment: { NODE_OPTIONS, OLLAMA_HOST: 'http://127.0.0.1:9', START_TIMEOUT: '60s' },
  });
  expect(await up.ended).toMatchObject({ code: 0 });
  const log = await readFile(join(home, 'logs', 'server.log'), 'utf8');
  expect(log).toContain(`server ${RAN}`);
});
