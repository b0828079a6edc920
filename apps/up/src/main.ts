import { mkdir, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';

import { ConfigError, explain, readConfig } from '@sagewai/config';
import { mintToken } from '@sagewai/crypto';
import { EmbeddedPostgresError } from '@sagewai/embedded-postgres';
import { createLog } from '@sagewai/log';

import { UP_FIELDS, type UpConfig } from './config.ts';
import { claimPort } from './free-port.ts';
import { readState, saveState } from './kept-state.ts';
import { runSample, type SampleRun } from './sample-run.ts';
import { createVoice, readyFact, readyText, sampleText, type Voice } from './say.ts';
import { type Stack, startStack } from './stack.ts';
import { stopSignal } from './stop-signal.ts';

const HELP = `Usage: npm run up -- [options]      (or: sagewai up [options])

Starts PostgreSQL, the server and local workers, submits one sample run, and stays up until Ctrl-C.

  --port N            the server's port (8000)
  --workers N         local workers (2)
  --home DIR          where everything is kept (~/.sagewai)
  --config FILE       a litellm-config.yaml with models, prices and providers
  --sample-model M    the sample run's model (simulated: nobody's money is spent)
  --once              end after the sample run; exit code 0 if it succeeded
  --json              one line when ready, for programs: url, admin_token, virtual_key,
                      organization, project, home (and with --once a second: the run)

OPENAI_API_KEY, ANTHROPIC_API_KEY and a reachable OLLAMA_HOST become providers; without
them the built-in simulated provider answers. \`sagewai config explain up\` lists every setting.
`;

const OPTIONS = {
  port: { type: 'string' },
  workers: { type: 'string' },
  home: { type: 'string' },
  config: { type: 'string' },
  'sample-model': { type: 'string' },
  once: { type: 'boolean' },
  json: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
  'explain-config': { type: 'boolean' },
} as const;

/** A reason not to go on, told in full to the user. */
class CannotStart extends Error {}

/** The process that starts and ends all the others. Returns its exit code. */
export async function main(words: readonly string[]): Promise<number> {
  try {
    const { values } = parseArgs({ args: [...words], options: OPTIONS, strict: true });
    const { help, once, json, 'explain-config': asked, ...flags } = values;
    const sources = { flags, environment: process.env };
    if (help === true) process.stdout.write(HELP);
    else if (asked === true) process.stdout.write(explained(sources, json === true));
    else {
      const voice = createVoice(json === true);
      return await runStack(readConfig(UP_FIELDS, sources), voice, once === true);
    }
    return 0;
  } catch (thrown) {
    return explainEnd(thrown);
  }
}

async function runStack(config: UpConfig, voice: Voice, once: boolean): Promise<number> {
  const home = resolve(config.sagewaiHome.replace(/^~(?=\/|$)/, homedir()));
  await mkdir(home, { recursive: true, mode: 0o700 });
  const stop = stopSignal(() => voice.tell('\nStopping …'));
  let broken: string | null = null;
  const adminToken = await findAdminToken(home, config);
  const port = await findPort(config.port);
  voice.tell('Starting PostgreSQL, the server and workers …');
  const stack = await startStack({
    home,
    port,
    adminToken,
    configFile: config.sagewaiConfig === null ? null : await existing(config.sagewaiConfig),
    ollamaHost: await reachableOllama(config.ollamaHost),
    workers: config.workers,
    startTimeoutMs: config.startTimeoutMs,
    environment: process.env,
    log: createLog({ level: 'warn', name: 'up' }),
    signal: stop.signal,
    onGivenUp: (name, logFile) => {
      broken = `${name} ended again and again; see ${logFile}`;
      stop.now(broken);
    },
  });
  try {
    const url = stack.api.url;
    const ready = { ...stack.prepared, url, home, models: stack.models, workers: config.workers };
    voice.emit(readyFact(ready));
    voice.tell(readyText(ready));
    const run = config.workers > 0 ? await sample(stack, config.sampleModel, voice) : null;
    if (once) {
      voice.emit(run);
      return run?.state === 'completed' ? 0 : 1;
    }
    voice.tell('Ctrl-C stops everything.');
    await stop.stopped;
  } catch (thrown) {
    if (!stop.signal.aborted) throw thrown;
  } finally {
    await stack.stop();
  }
  if (broken !== null) throw new CannotStart(broken);
  return 0;
}

async function sample(stack: Stack, model: string, voice: Voice): Promise<SampleRun> {
  if (!stack.models.includes(model)) {
    throw new CannotStart(`there is no model ${model}; there are: ${stack.models.join(', ')}`);
  }
  voice.tell(`A sample run on ${model}:`);
  const run = await runSample(stack.api, model, ({ state, worker_name: worker }) =>
    voice.tell(`  ${state}${worker === null ? '' : ` on ${worker}`}`),
  );
  voice.tell(sampleText(run));
  return run;
}

async function findAdminToken(home: string, config: UpConfig): Promise<string> {
  if (config.sagewaiAdminToken !== null) return config.sagewaiAdminToken.reveal();
  const kept = await readState(home);
  if (kept.adminToken !== undefined) return kept.adminToken;
  const adminToken = mintToken('sat-');
  // Kept before anybody uses it: a start that breaks off must not lose it.
  await saveState(home, { ...kept, adminToken });
  return adminToken;
}

async function findPort(wanted: number): Promise<number> {
  const port = await claimPort(wanted);
  if (port !== null) return port;
  throw new CannotStart(
    `Port ${wanted} is taken by another program. Stop that one, or choose another port:\n` +
      `  npm run up -- --port ${wanted + 1}`,
  );
}

async function existing(file: string): Promise<string> {
  const path = resolve(file);
  const found = await stat(path).catch(() => null);
  if (!found?.isFile()) throw new CannotStart(`there is no file ${path} (--config)`);
  return path;
}

async function reachableOllama(url: string): Promise<string | null> {
  try {
    const response = await fetch(`${url}/api/tags`, { signal: AbortSignal.timeout(1_000) });
    await response.arrayBuffer();
    return response.ok ? url : null;
  } catch {
    return null;
  }
}

function explained(sources: Parameters<typeof explain>[1], json: boolean): string {
  const rows = explain(UP_FIELDS, sources);
  if (json) return `${JSON.stringify(rows)}\n`;
  return rows
    .map((row) => `${row.name}=${row.value ?? ''}  (${row.source}) ${row.description}\n`)
    .join('');
}

function explainEnd(thrown: unknown): number {
  const say = (text: string): void => void process.stderr.write(`${text}\n`);
  if (thrown instanceof ConfigError) {
    say(thrown.message);
    return 2;
  }
  if (thrown instanceof EmbeddedPostgresError) {
    say(`${thrown.message}\n  ${thrown.remedy}`);
    return thrown.reason === 'aborted' ? 0 : 1;
  }
  const error = thrown instanceof Error ? thrown : new Error(String(thrown));
  say(error.message);
  const isUsage = 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS');
  return isUsage ? 2 : 1;
}
