import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { scriptedProvider } from '@sagewai/testing/scripted-provider';
import { expect, onTestFinished, test } from 'vitest';

const GUIDE = new URL('../../../../docs/guides/first-agent.md', import.meta.url);

test("the guide's agent works as it is written", async () => {
  const provider = await scriptedProvider([
    { calls: [['weather', { city: 'Lisbon' }]] },
    'No, it is 21 degrees and clear.',
  ]);
  const program = /```ts\n([\s\S]*?)```/.exec(readFileSync(GUIDE, 'utf8'))?.[1] ?? '';
  const folder = mkdtempSync(join(tmpdir(), 'first-agent-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'weather.ts');
  const agent = new URL('index.ts', import.meta.url).href;
  writeFileSync(file, program.replace('@sagewai/sdk/agent', agent));
  const env = { LITELLM_PROXY_URL: provider.url, LITELLM_API_KEY: 'sk-1' };
  const { stdout } = await promisify(execFile)(process.execPath, [file], { env });
  expect(stdout).toBe(
    'asks weather {"city":"Lisbon"}\nNo, it is 21 degrees and clear.\nanswered\n',
  );
  expect(JSON.stringify(provider.asked[1]?.body.messages)).toContain('celsius');
});
