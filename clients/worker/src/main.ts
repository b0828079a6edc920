import { parseArgs } from 'node:util';

import { ConfigError, explain, readConfig } from '@sagewai/config';

import { WORKER_FIELDS } from './config.ts';
import { processLog } from './log.ts';
import { resolveOptions } from './resolve-options.ts';
import { supervise } from './supervise.ts';

const HELP = `Usage: sagewai worker [options]

Enrolls with the server (once), long-polls for runs that match, and runs agents.

  --gateway URL           the server (FLEET_GATEWAY_URL)
  --enrollment-key KEY    enrolls at the first start (ENROLLMENT_KEY, or WRT_TOKEN)
  --name NAME             how it shows in lists (WORKER_NAME; the host's name)
  --pool POOL             the pool it serves (WORKER_POOL; default)
  --labels k=v,…          labels that runs may ask for (WORKER_LABELS)
  --models a,b            models it can run (WORKER_MODELS)
  --max-concurrent N      runs at the same time (WORKER_MAX_CONCURRENT; 4)
  --home DIR              where its credential is kept (SAGEWAI_HOME; ~/.sagewai)

\`sagewai config explain worker\` lists every setting. SIGTERM drains: running runs may end
within DRAIN_TIMEOUT (30s), then they go back to the queue.

Example:
  sagewai worker --gateway http://localhost:8000 --enrollment-key sk-fleet-… --models gpt-4o
`;

const OPTIONS = {
  gateway: { type: 'string' },
  'enrollment-key': { type: 'string' },
  name: { type: 'string' },
  org: { type: 'string' },
  pool: { type: 'string' },
  labels: { type: 'string' },
  models: { type: 'string' },
  'max-concurrent': { type: 'string' },
  'heartbeat-interval': { type: 'string' },
  home: { type: 'string' },
  help: { type: 'boolean', short: 'h' },
  json: { type: 'boolean' },
  'explain-config': { type: 'boolean' },
} as const;

/** The worker's process. Returns its exit code. */
export async function main(words: readonly string[]): Promise<number> {
  let flags: ReturnType<typeof parseFlags>;
  try {
    flags = parseFlags(words);
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n`);
    return 2;
  }
  if (flags.help === true) {
    process.stdout.write(HELP);
    return 0;
  }
  const { help: _, json, 'explain-config': asked, ...given } = flags;
  const sources = { flags: given, environment: process.env };
  if (asked === true) return explainConfig(sources, json === true);
  try {
    const options = resolveOptions(readConfig(WORKER_FIELDS, sources));
    const log = processLog(options.name);
    const end = await supervise(
      options,
      log,
      stopSignal((text) => log.note(text)),
    );
    if (end.kind === 'fatal') {
      log.warn(end.reason);
      return 1;
    }
    if (end.unsent > 0) log.warn(`${end.unsent} reports could not be sent; their runs start again`);
    return end.unsent > 0 ? 1 : 0;
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    process.stderr.write(`${error.message}\n`);
    return 2;
  }
}

function parseFlags(words: readonly string[]) {
  return parseArgs({ args: [...words], options: OPTIONS, strict: true }).values;
}

function explainConfig(sources: Parameters<typeof explain>[1], json: boolean): number {
  const rows = explain(WORKER_FIELDS, sources);
  const text = json
    ? JSON.stringify(rows)
    : rows
        .map((row) => `${row.name}=${row.value ?? ''}  (${row.source}) ${row.description}`)
        .join('\n');
  process.stdout.write(`${text}\n`);
  return 0;
}

/** Aborts at the first signal; a second one, more than a second later, ends the process at once. */
function stopSignal(note: (text: string) => void): AbortSignal {
  const stop = new AbortController();
  let firstAt = 0;
  const handle = (): void => {
    if (!stop.signal.aborted) {
      firstAt = performance.now();
      note('draining');
      stop.abort(new Error('told to stop'));
    } else if (performance.now() - firstAt > 1_000) process.exit(1);
  };
  process.on('SIGINT', handle);
  process.on('SIGTERM', handle);
  return stop.signal;
}
