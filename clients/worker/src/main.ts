import { setFlagsFromString } from 'node:v8';

import { ConfigError, explain, explanationText, readConfig } from '@sagewai/config';

import { parseFlags } from './command-line.ts';
import { WORKER_FIELDS } from './config.ts';
import { CredentialsFileError } from './credentials/credential-store.ts';
import { processLog, redactedLog } from './log.ts';
import { resolveOptions } from './resolve-options.ts';
import { startWorker } from './start-worker.ts';
import { stopOnSignals } from './stop-on-signals.ts';
import type { WorkerEnd } from './worker-options.ts';

/** The numbers are the command line's. */
const EXIT = { ok: 0, error: 1, usage: 2, auth: 4, conflict: 5, unavailable: 6 } as const;

/** The worker's process. Returns its exit code. */
export async function main(words: readonly string[]): Promise<number> {
  // A worker is one of many on its machine: memory first. After 20,000 runs, 50 at a time, it takes
  // 113 MB instead of 190, and starts four runs where it started six.
  setFlagsFromString('--optimize-for-size');
  const line = parseFlags(words);
  if (line.kind === 'wrong') {
    process.stderr.write(`${line.message}\n`);
    return EXIT.usage;
  }
  if (line.kind === 'help') {
    process.stdout.write(line.text);
    return EXIT.ok;
  }
  const sources = { flags: line.flags, environment: process.env };
  if (line.kind === 'explain') {
    process.stdout.write(explanationText(explain(WORKER_FIELDS, sources), line.json));
    return EXIT.ok;
  }
  try {
    const config = readConfig(WORKER_FIELDS, sources);
    const plainLog = processLog(config.workerName);
    const options = await resolveOptions(config, { environment: process.env, log: plainLog });
    const log = redactedLog(plainLog, options.credentials.redact);
    const stop = stopOnSignals((text) => log.note(text));
    return tell(await startWorker(options, log, stop.signal), (text) => log.warn(text));
  } catch (error) {
    if (!(error instanceof ConfigError || error instanceof CredentialsFileError)) throw error;
    process.stderr.write(`${error.message}\n`);
    return EXIT.usage;
  }
}

function tell(end: WorkerEnd, warn: (text: string) => void): number {
  if (end.kind === 'fatal') {
    warn(end.reason);
    return EXIT[end.why];
  }
  if (end.unsent === 0) return EXIT.ok;
  warn(`the server was not told how ${end.unsent} runs ended: they start again`);
  return EXIT.error;
}
