import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { createNodeSend } from '@sagewai/sdk/node';
import { onTestFinished } from 'vitest';

import { NO_CREDENTIALS } from './credentials/credential-fixture.ts';
import { takeKey } from './own-key.ts';
import { supervise } from './supervise.ts';
import type { WorkerEnd, WorkerOptions } from './worker-options.ts';

const OPTIONS = {
  name: 'w',
  pool: 'default',
  labels: {},
  models: [],
  maxConcurrent: 2,
  enrollmentKey: '',
  workerToken: '',
  organization: '',
  project: '',
  heartbeatIntervalMs: 20,
  pollTimeoutMs: 1_000,
  serverWaitMsMax: 60_000,
  drainMsMax: 60_000,
  exitWhenDrained: false,
  leaveOnStop: false,
  providers: { openai: null, anthropic: null, ollama: { baseUrl: 'http://127.0.0.1:9/v1' } },
  mtls: false,
  serverTls: {},
  credentials: NO_CREDENTIALS,
  environment: {},
  sealKey: null,
  isSealKeyGiven: false,
  send: createNodeSend(),
  probe: null,
  workflows: new Map<string, never>(),
  version: '',
  sendToProvider: createNodeSend(),
} as const;

export interface Started {
  readonly lines: readonly string[];
  readonly home: string;
  /** Resolves with the first line that matches. */
  said(pattern: RegExp): Promise<string>;
  drain(): Promise<WorkerEnd>;
  readonly ended: Promise<WorkerEnd>;
}

/** A worker in this process, with a home of its own unless one is given. */
export async function start(url: string, more: Partial<WorkerOptions> = {}): Promise<Started> {
  const made = await mkdtemp(join(tmpdir(), 'sagewai-worker-'));
  const home = more.home ?? made;
  const stop = new AbortController();
  const lines: string[] = [];
  let written = Promise.withResolvers<void>();
  const write = (text: string): void => {
    lines.push(text);
    written.resolve();
    written = Promise.withResolvers();
  };
  const log = { note: write, warn: (text: string) => write(`warning: ${text}`) };
  const key = takeKey({ name: OPTIONS.name, url, home }, log);
  const ended = supervise({ ...OPTIONS, url, home, key, ...more }, log, stop.signal);
  const drain = (): Promise<WorkerEnd> => {
    stop.abort(new Error('told to stop'));
    return ended;
  };
  onTestFinished(async () => {
    await drain();
    await rm(made, { recursive: true });
  });
  const said = async (pattern: RegExp): Promise<string> => {
    for (;;) {
      const line = lines.find((each) => pattern.test(each));
      if (line !== undefined) return line;
      await written.promise;
    }
  };
  return { lines, home, said, drain, ended };
}
