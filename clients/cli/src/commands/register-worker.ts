import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { isSea } from 'node:sea';
import { setTimeout } from 'node:timers/promises';

import { parseLabels } from '@sagewai/config';
import { createClient, SagewaiError, spreadDelayMs } from '@sagewai/sdk';
import {
  keepWorkerKey,
  makeSealKey,
  proveWorker,
  readSealKey,
  saveWorkerCredential,
  sealKeyText,
  travelsInClear,
  workerCredentialFile,
  workerKeyFile,
  workerSealKeyFile,
} from '@sagewai/sdk/node';

import type { ConnectionFlags, Context } from '../context.ts';
import { EXIT, type ExitCode } from '../exit-code.ts';
import { UsageError } from '../usage-error.ts';

export interface RegisterFlags extends ConnectionFlags {
  readonly enrollmentKey?: string;
  readonly name?: string;
  readonly pool: string;
  readonly labels?: string;
  readonly models?: string[];
  readonly maxConcurrent: number;
  readonly start?: boolean;
  /** Seconds. */
  readonly wait?: number;
}

const WAIT_SECONDS = 300;

/** Registers, keeps the credential where `sagewai worker` finds it, and says what to type next. */
export async function registerWorker(context: Context, flags: RegisterFlags): Promise<void> {
  const name = flags.name ?? hostname();
  const labels = flags.labels === undefined ? {} : parseLabels(flags.labels);
  if (labels === null) {
    throw new UsageError('--labels: expected labels such as region=us-east-1,tier=production');
  }
  const models = flags.models ?? [];
  // With a key the caller needs no token of its own, and a key must not travel beside one.
  const client = flags.enrollmentKey
    ? createClient({
        url: context.url,
        signal: context.signal,
        send: context.send,
        headers: { 'x-enrollment-key': flags.enrollmentKey },
      })
    : context.client;
  const file = workerCredentialFile(context.home, context.url, name);
  const keyFile = workerSealKeyFile(context.home, context.url, name);
  // Of an earlier registration, or new.
  const seal = await readSealKey(keyFile).catch(() => makeSealKey(keyFile));
  const seal_key = sealKeyText(seal);
  const key = keepWorkerKey(workerKeyFile(file));
  const credential = flags.enrollmentKey || context.token || '';
  const body = {
    name,
    pool: flags.pool,
    models,
    labels: { ...labels },
    max_concurrent: flags.maxConcurrent,
    seal_key,
    public_key: key.publicKey,
  };
  const registered = await registerInTime(context, flags, () => {
    const proof = { endpoint: 'fleet.registerWorker', credential, generation: 0 } as const;
    const headers = proveWorker(key, { ...proof, id: randomUUID() });
    return client.call('fleet.registerWorker', { body }, { headers });
  });
  await saveWorkerCredential(file, {
    url: context.url,
    name,
    worker_id: registered.worker_id,
    worker_secret: registered.worker_secret,
    organization_id: registered.organization_id,
    ...(registered.generation === undefined ? {} : { public_key: key.publicKey.x }),
    pool: flags.pool,
    models,
    labels,
    seal_key,
  });
  // The secret and the token stay in the file: a result is often kept in a log.
  const { worker_secret: _secret, token: _token, ...result } = registered;
  context.show(
    { ...result, credential_file: file },
    `Worker ${registered.worker_id} is ${registered.status}.`,
  );
  explain(context, registered, file);
  if (flags.start === true) return goOnAsWorker(context, startWords(context.url, name, flags));
  const words = startWords(context.url, name, flags).map(quoted);
  context.terminal.note(`Start it with: sagewai ${words.join(' ')}`);
}

/**
 * A server takes only so many registrations from one address at a time, and says when there is room
 * again. Many machines may be behind one address, so a little chance keeps them apart.
 */
async function registerInTime<Registered>(
  { signal, terminal }: Context,
  { wait = WAIT_SECONDS }: RegisterFlags,
  register: () => Promise<Registered>,
): Promise<Registered> {
  const endsMs = performance.now() + wait * 1_000;
  for (let failures = 1; ; failures += 1) {
    try {
      return await register();
    } catch (thrown) {
      if (!(thrown instanceof SagewaiError) || thrown.code !== 'rate.exceeded') throw thrown;
      const delayMs = spreadDelayMs(failures, thrown.retryAfterMs, Math.random());
      if (performance.now() + delayMs > endsMs) throw thrown;
      if (failures === 1) terminal.note(`${thrown.detail} Trying again for up to ${wait} s.`);
      await setTimeout(delayMs, undefined, { signal });
    }
  }
}

function explain(
  { terminal, url }: Context,
  registered: {
    reason: string | null;
    dropped_models: string[];
    status: string;
    worker_id: string;
  },
  file: string,
): void {
  if (registered.reason) terminal.note(registered.reason);
  if (registered.dropped_models.length > 0) {
    terminal.note(`The enrollment key does not allow: ${registered.dropped_models.join(', ')}`);
  }
  if (registered.status === 'pending') {
    terminal.note(
      `An administrator lets it in: sagewai fleet approve-worker ${registered.worker_id}`,
    );
  }
  terminal.note(`Its credential is in ${file}.`);
  if (travelsInClear(url)) {
    terminal.note('Warning: plain HTTP to another machine: its credential can be read on the way.');
  }
}

function startWords(url: string, name: string, flags: RegisterFlags): string[] {
  return [
    'worker',
    '--gateway',
    url,
    '--name',
    name,
    '--pool',
    flags.pool,
    ...(flags.labels ? ['--labels', flags.labels] : []),
    ...(flags.models ? ['--models', flags.models.join(',')] : []),
    ...(flags.caFile ? ['--ca-file', flags.caFile] : []),
    '--max-concurrent',
    String(flags.maxConcurrent),
  ];
}

/** For a shell: a name may hold blanks. */
const quoted = (word: string): string =>
  /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`;

/** The worker is a process of its own: it is started by the same command that started us. */
async function goOnAsWorker(context: Context, words: readonly string[]): Promise<void> {
  const [node = process.execPath, bin = ''] = process.argv;
  // A single file is its own command.
  const before = isSea() ? [] : [bin];
  // Its output is nobody's result: stdout is for what was registered.
  const stdio = ['inherit', 'ignore', 'inherit'] as const;
  const child = spawn(isSea() ? process.execPath : node, [...before, ...words], {
    stdio: [...stdio],
  });
  const forward = (signal: NodeJS.Signals): boolean => child.kill(signal);
  process.on('SIGTERM', forward);
  context.signal.addEventListener('abort', () => child.kill('SIGTERM'), { once: true });
  const code = await new Promise<number>((resolve) => {
    child.on('exit', (exit) => resolve(exit ?? EXIT.error));
    child.on('error', () => resolve(EXIT.error));
  });
  process.off('SIGTERM', forward);
  context.end(code as ExitCode);
}
