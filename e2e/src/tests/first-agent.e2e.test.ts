import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { expect, onTestFinished } from 'vitest';

import { test } from '../harness/e2e-test.ts';
import { cleanEnvironment } from '../harness/environment.ts';
import { freePort } from '../harness/free-port.ts';
import { startSagewai } from '../harness/sagewai.ts';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const fenced = (text: string, language: string): string[] =>
  [...text.matchAll(new RegExp(`\`\`\`${language}\n([\\s\\S]*?)\`\`\``, 'g'))].map(
    ([, inner = '']) => inner.trim(),
  );

test('the first agent works as its guide says, on a server that has just started', async ({
  stage,
}) => {
  const guide = await readFile(join(ROOT, 'docs/guides/first-agent.md'), 'utf8');
  const [start, where, run] = fenced(guide, 'sh');
  expect(start).toBe('npm run up');
  const port = String(await freePort());
  const up = startSagewai(
    stage,
    ['up', '--json', '--home', join(stage.folder, 'home'), '--port', port],
    {
      name: 'up',
      channel: false,
      environment: { OLLAMA_HOST: 'http://127.0.0.1:9', START_TIMEOUT: '60s' },
    },
  );
  const [line] = await up.says(/^\{"url".*\}$/m, 90_000);
  const { url, virtual_key: key } = JSON.parse(line) as { url: string; virtual_key: string };
  const folder = await mkdtemp(join(ROOT, 'clients/sdk/.first-agent-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  await writeFile(join(folder, 'weather.ts'), fenced(guide, 'ts')[0] ?? '');
  const said = where?.replace('http://localhost:8000', url).replace('sk-…', key);
  const { stdout } = await promisify(execFile)('sh', ['-c', `${said}\n${run}`], {
    cwd: folder,
    env: cleanEnvironment({}),
  });
  expect(stdout).toMatch(/simulated/);
  expect(stdout).toMatch(/\nanswered\n$/);
}, 120_000);
