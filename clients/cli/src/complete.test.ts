import { execFileSync } from 'node:child_process';

import { scriptedServer } from '@sagewai/testing/scripted-server';
import { expect, test } from 'vitest';

import { SCRIPTS } from './commands/completion.ts';
import { runCli } from './run-cli.ts';

async function offered(url: string, ...words: string[]): Promise<string[]> {
  const out: string[] = [];
  const err: string[] = [];
  const code = await runCli(['__complete', ...words], {
    environment: { SAGEWAI_URL: url, SAGEWAI_TOKEN: 'sat-1' },
    home: '/nowhere',
    signal: new AbortController().signal,
    terminal: {
      out: (text) => void out.push(text),
      note: (text) => void err.push(text),
      progress: () => undefined,
      interactive: false,
    },
  });
  expect({ code, err }).toEqual({ code: 0, err: [] });
  return out.join('\n').split('\n');
}

const NOWHERE = 'http://127.0.0.1:9';

test('commands, their options and the choices of an option need no server', async () => {
  expect(await offered(NOWHERE, 'fl')).toEqual(['fleet']);
  expect(await offered(NOWHERE, 'runs', 'ca')).toContain('cancel');
  expect(await offered(NOWHERE, 'runs', 'list', '--st')).toEqual(['--state']);
  expect(await offered(NOWHERE, 'runs', 'list', '--state', 'wa')).toEqual(['waiting']);
});

test('ids come from the server, and without one there is nothing, and no error', async () => {
  const server = await scriptedServer();
  server.on('runs.listRuns', () => ({ status: 401, json: { code: 'caller.unknown' } }));
  expect(await offered(server.url, 'runs', 'get', '')).toEqual(['']);
  expect(server.asked('runs.listRuns')).toHaveLength(1);
  expect(await offered(NOWHERE, 'runs', 'logs', '')).toEqual(['']);
  expect(await offered(NOWHERE, 'fleet', 'drain', '')).toEqual(['']);
  expect(await offered(NOWHERE, 'runs', 'submit', '--pool', '')).toEqual(['']);
});

test('bash offers what the command says', () => {
  const script = `
    sagewai() { [ "$1 $2 $3" = "__complete runs ca" ] && printf 'cancel\\ncanary\\n'; }
    ${SCRIPTS.bash}
    COMP_WORDS=(sagewai runs ca); COMP_CWORD=2; _sagewai; echo "\${COMPREPLY[@]}"`;
  expect(execFileSync('bash', ['-c', script], { encoding: 'utf8' }).trim()).toBe('cancel canary');
});
