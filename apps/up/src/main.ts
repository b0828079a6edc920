import { mkdir, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';

import { ConfigError, expandHome, explain, explanationText, readConfig } from '@sagewai/config';
import { EmbeddedPostgresError } from '@sagewai/embedded-postgres';

import { UP_FIELDS, type UpConfig } from './config.ts';
import { findAdminToken } from './find-admin-token.ts';
import { findOllama } from './find-ollama.ts';
import { findPort } from './find-port.ts';
import { resolveOwn } from './resolve-own.ts';
import { runSample, type SampleRun } from './sample-run.ts';
import { createVoice, logFor, readyFact, readyText, sampleText, type Voice } from './say.ts';
import { type Stack, startStack } from './stack.ts';
import { Stopped, type StopSignal, stopSignal } from './stop-signal.ts';

const HELP = `Usage: npm run up -- [options]      (or: sagewai up [options])

Starts PostgreSQL, the server and local workers, submits one sample run, and stays up until Ctrl-C.

  --port N            the server's port (8000)
  --workers N         local workers (2)
  --home DIR          where everything is kept (~/.sagewai)
  --config FILE       a litellm-config.yaml with models, prices and providers
  --sample-model M    the sample run's model (simulated: nobody's money is spent)
  --once              end after the sample run; exit code 0 if it succeeded
  --json              one line when ready, for programs: url, admin_token, virtual_key,
                      organization, project, home (and with --once a second: the run).
                      npm prints a line of its own before it, unless run as: npm run --silent up

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

const AT_ONCE = 130;

/** How the launcher starts a server; only it knows. */
interface Started {
  readonly serverFlags: readonly string[];
}

/** The process that starts and ends all the others. Returns its exit code. */
export async function main(words: readonly string[], started: Started): Promise<number> {
  try {
    const { values } = parseArgs({ args: [...words], options: OPTIONS, strict: true });
    const { help, once, json, 'explain-config': asked, ...flags } = values;
    const sources = { flags, environment: process.env };
    if (help === true) process.stdout.write(HELP);
    else if (asked === true)
      process.stdout.write(explanationText(explain(UP_FIELDS, sources), json === true));
    else {
      const environment = await resolveOwn(process.env);
      const config = readConfig(UP_FIELDS, { flags, environment });
      if (once === true && config.workers === 0) {
        throw new ConfigError(['--once: the sample run needs a worker, and WORKERS is 0']);
      }
      const voice = createVoice(json === true);
      return await runStack({ ...config, ...started }, voice, once === true);
    }
    return 0;
  } catch (thrown) {
    return explainEnd(thrown);
  }
}

async function runStack(config: UpConfig & Started, voice: Voice, once: boolean): Promise<number> {
  let stack: Stack | null = null;
  const stop = stopSignal({
    onStop: () => voice.tell('\nStopping … (once more ends everything at once)'),
    onAgain: () => {
      stack?.abandon();
      process.exit(AT_ONCE);
    },
  });
  try {
    stack = await start(config, voice, stop);
    const { url } = stack.api;
    const home = expandHome(config.sagewaiHome, homedir());
    const usual = home === expandHome('~/.sagewai', homedir());
    const { prepared, models } = stack;
    const ready = { ...prepared, url, home, usual, models, workers: config.workers };
    voice.emit(readyFact(ready));
    voice.tell(readyText(ready));
    const run = config.workers > 0 ? await sample(stack, config.sampleModel, voice) : null;
    if (once) {
      voice.emit(run);
      return run?.state === 'completed' ? 0 : 1;
    }
    voice.tell('Ctrl-C stops everything.');
    await stop.stopped;
    stop.signal.throwIfAborted();
    return 0;
  } catch (thrown) {
    // Whatever failed after that, failed because of it.
    const reason: unknown = stop.signal.aborted ? stop.signal.reason : thrown;
    if (!(reason instanceof Stopped)) throw reason;
    return once ? 1 : 0;
  } finally {
    await stack?.stop();
  }
}

async function start(config: UpConfig & Started, voice: Voice, stop: StopSignal): Promise<Stack> {
  const home = expandHome(config.sagewaiHome, homedir());
  await mkdir(home, { recursive: true, mode: 0o700 });
  const port = await findPort(config.port, home);
  const configFile = config.sagewaiConfig === null ? null : await existing(config.sagewaiConfig);
  const ollamaHost = await findOllama(config.ollamaHost);
  if (ollamaHost === null && process.env['OLLAMA_HOST']) {
    voice.tell(`No Ollama answers at OLLAMA_HOST: its models are left out.`);
  }
  stop.signal.throwIfAborted();
  voice.tell('Starting PostgreSQL, the server and workers …');
  let workersLeft = config.workers;
  return startStack({
    home,
    port,
    adminToken: await findAdminToken(home, config),
    configFile,
    ollamaHost,
    workers: config.workers,
    sampleModel: config.sampleModel,
    serverFlags: config.serverFlags,
    startTimeoutMs: config.startTimeoutMs,
    environment: process.env,
    log: logFor(voice),
    signal: stop.signal,
    onBroken: ({ story }) => stop.now(new Error(story)),
    onNotice: (text) => voice.tell(text),
    onRestart: (name, how) => voice.tell(`${name} ended (${how}): starting it again`),
    onWorkerLost: ({ story }) => {
      workersLeft -= 1;
      if (workersLeft === 0) stop.now(new Error(`No worker is left. ${story}`));
      else voice.tell(`${story}\n`);
    },
  });
}

async function sample(stack: Stack, model: string, voice: Voice): Promise<SampleRun> {
  if (!stack.models.includes(model)) {
    throw new Error(`There is no model ${model}. There are: ${stack.models.join(', ')}`);
  }
  voice.tell(`A sample run on ${model}:`);
  const run = await runSample(stack.api, model, ({ state, worker_name: worker }) =>
    voice.tell(`  ${state}${worker === null ? '' : ` on ${worker}`}`),
  );
  voice.tell(sampleText(run));
  return run;
}

async function existing(file: string): Promise<string> {
  const path = resolve(file);
  const found = await stat(path).catch(() => null);
  if (!found?.isFile())
    throw new ConfigError([`SAGEWAI_CONFIG (--config): there is no file ${path}`]);
  return path;
}

function explainEnd(thrown: unknown): number {
  const error = thrown instanceof Error ? thrown : new Error(String(thrown));
  const remedy = error instanceof EmbeddedPostgresError ? `\n  ${error.remedy}` : '';
  const isUnparsed = 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS');
  const hint = isUnparsed ? '\n(`sagewai up --help` lists the options)' : '';
  process.stderr.write(`${error.message}${remedy}${hint}\n`);
  return isUnparsed || error instanceof ConfigError ? 2 : 1;
}
