import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

export const SUITE_VERSION = '0.2.0-alpha.12';
const MINUTES_MAX = 5;

export type Installed =
  | { readonly kind: 'installed'; readonly entry: string }
  | { readonly kind: 'missing'; readonly why: string };

/** The protocol's own suite, in a folder that the next run finds again: no dependency of the product's. */
export async function installSuite(): Promise<Installed> {
  const folder = join(tmpdir(), `sagewai-mcp-conformance-${SUITE_VERSION}`);
  const entry = join(folder, 'node_modules/@modelcontextprotocol/conformance/dist/index.js');
  const done = join(folder, 'installed');
  if (existsSync(done)) return { kind: 'installed', entry };
  try {
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, 'package.json'), '{"private":true}');
    const wanted = `@modelcontextprotocol/conformance@${SUITE_VERSION}`;
    const words = ['install', '--no-audit', '--no-fund', '--ignore-scripts', wanted];
    await run('npm', words, { cwd: folder, timeout: MINUTES_MAX * 60_000 });
    await writeFile(done, wanted);
    return { kind: 'installed', entry };
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    return { kind: 'missing', why: (error as Error).message.split('\n').slice(0, 3).join(' ') };
  }
}
