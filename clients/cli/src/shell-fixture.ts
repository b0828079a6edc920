import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { scriptedServer, type ScriptedServer } from '@sagewai/testing/scripted-server';
import { onTestFinished } from 'vitest';

import { runCli } from './run-cli.ts';

interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

interface Shell {
  readonly home: string;
  readonly url: string;
  readonly server: ScriptedServer;
  readonly environment: Record<string, string>;
  readonly run: (line: string | readonly string[], signal?: AbortSignal) => Promise<Ran>;
}

/** A shell beside a scripted server, with an administrator's token. */
export async function shell(): Promise<Shell> {
  const server = await scriptedServer();
  const home = await mkdtemp(join(tmpdir(), 'sagewai-cli-'));
  onTestFinished(() => rm(home, { recursive: true }));
  const environment: Record<string, string> = { SAGEWAI_URL: server.url, SAGEWAI_TOKEN: 'sat-1' };
  const run: Shell['run'] = async (line, signal = new AbortController().signal) => {
    const words = typeof line === 'string' ? line.split(' ') : line;
    const out: string[] = [];
    const err: string[] = [];
    const code = await runCli(words, {
      environment,
      home,
      signal,
      terminal: {
        out: (text) => void out.push(text),
        note: (text) => void err.push(text),
        progress: () => undefined,
        interactive: false,
      },
    });
    return { code, out: out.join('\n'), err: err.join('\n') };
  };
  return { home, url: server.url, server, environment, run };
}
