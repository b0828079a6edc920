import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

export const LITELLM_VERSION = '1.108.7';
const ANTHROPIC_VERSION = '2.14.0';
const MINUTES_MAX = 15;

export type Installed =
  | { readonly kind: 'installed'; readonly command: string; readonly python: string }
  | { readonly kind: 'missing'; readonly why: string };

/** LiteLLM from PyPI, and the library of OpenAI that it brings, with that of Anthropic, in a folder of its own that the next run finds again. */
export async function installLitellm(): Promise<Installed> {
  const folder = join(tmpdir(), `sagewai-litellm-${LITELLM_VERSION}`);
  const command = join(folder, 'bin', 'litellm');
  const python = join(folder, 'bin', 'python');
  const done = join(folder, 'installed');
  if (existsSync(done)) return { kind: 'installed', command, python };
  const options = { timeout: MINUTES_MAX * 60_000, maxBuffer: 64 * 1024 * 1024 };
  try {
    await run('python3', ['-m', 'venv', folder], options);
    const wanted = `litellm[proxy]==${LITELLM_VERSION}`;
    const words = ['install', '--quiet', wanted, `anthropic==${ANTHROPIC_VERSION}`];
    await run(join(folder, 'bin', 'pip'), words, options);
    await writeFile(done, wanted);
    return { kind: 'installed', command, python };
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    return { kind: 'missing', why: (error as Error).message.split('\n').slice(0, 3).join(' ') };
  }
}
