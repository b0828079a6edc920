#!/usr/bin/env node
// The `sagewai` command: finds a Node that is new enough, then hands over to the process that the
// first word names. Plain JavaScript without imports of ours, so that it starts on any Node and
// `--help` costs nothing but the list below.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import nodeModule from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const PROCESSES = {
  up: { module: '@sagewai/up/main', says: 'start everything here: PostgreSQL, server, workers' },
  server: {
    module: '@sagewai/server/main',
    says: 'the server alone, on an existing PostgreSQL',
    // What stays resident after a burst of calls (docs/adr/0025).
    nodeFlags: ['--max-semi-space-size=16', '--heap-growing-percent=50'],
  },
  edge: {
    module: '@sagewai/edge/main',
    says: 'one address before gateways, at / or below prefixes (also: sage-edge)',
    nodeFlags: ['--max-semi-space-size=16', '--heap-growing-percent=50'],
  },
  worker: {
    module: '@sagewai/worker/main',
    says: 'a worker that enrolls, claims runs and runs agents',
  },
  doctor: {
    module: '@sagewai/doctor/main',
    says: 'look for what is wrong here, and say what mends it',
  },
  backup: {
    module: '@sagewai/backup/main',
    says: 'everything of the database and its objects, in a file',
    isCommand: true,
  },
  restore: {
    module: '@sagewai/backup/main',
    says: 'such a file into an empty database, verified',
    isCommand: true,
  },
};

const COMMANDS = {
  setup: 'make the account of the first owner',
  login: 'keep a server and a token for the commands below',
  fleet: 'enrollment keys and workers',
  runs: 'submit, list, watch and cancel runs',
  workflows: 'what workers can be asked for by name, and runs of it',
  chats: 'chat sessions: what was said, and what a model is reminded of',
  index: 'documents of a project, and what is found in them',
  engines: 'servers of models on your own machines',
  schedules: 'runs that are submitted at every instant of a cron expression',
  triggers: 'runs that webhooks, pollers and the clock start',
  key: 'virtual keys for model calls',
  accounts: 'people who sign in: invitations, passwords, second factors',
  'service-accounts': 'what programs act as',
  roles: 'who may do what',
  tokens: 'access tokens of people and scripts',
  sessions: 'login sessions: list and end them',
  sso: 'identity providers at which people sign in',
  scim: 'tokens of providers that keep users and groups in step',
  projects: 'projects of the organization',
  budget: 'what agents should spend, and what happens beyond it',
  budgets: 'what the organization and its projects may spend',
  teams: 'budgets and models above those of their keys',
  gateway: 'how model calls are routed, and why',
  models: 'which model a request gets that asks for `auto`',
  ledger: 'check that the books of the organization add up',
  spend: 'what model calls cost, by whom and for what',
  tools: 'what agents may do: register tools, call them, decide about calls',
  artifacts: 'bytes of a project: datasets, and what runs have made',
  guardrails: 'rules about what models are given to read, and what they write',
  alerts: 'webhooks that are told what a person should look at',
  webhooks: 'who is told what happens',
  audit: 'list and verify the audit log',
  encryption: 'which key seals, and what it still waits for',
  completion: 'make a shell complete commands, ids, pools and models',
  'break-glass': 'a way in for an emergency, made beside the server; it is loud',
  config: 'explain every setting: its value, where it came from, its default',
};

// Started as a child with a channel: when the parent is gone, however it went, this process drains.
if (process.channel) {
  process.on('disconnect', () => process.kill(process.pid, 'SIGTERM'));
  process.channel.unref();
}

const [, , word, ...rest] = process.argv;

if (word === undefined || word === '--help' || word === '-h' || word === 'help') printHelp();
else if (isNewEnough(process.versions.node)) await route();
else await startAgainOnBundledNode();

function route() {
  const chosen = Object.hasOwn(PROCESSES, word) ? PROCESSES[word] : undefined;
  if (chosen) {
    // Freed memory is scattered over fewer places of the C library. Read at start: here by children, and below.
    process.env.MALLOC_ARENA_MAX ??= '2';
    if (['up', 'server', 'edge'].includes(word)) findConsole();
    startAgainWithFlags(chosen.nodeFlags);
    return run(chosen.module, chosen.isCommand ? [word, ...rest] : rest);
  }
  if (word === 'config' && rest[0] === 'explain') return explain(rest.slice(1));
  if (word === 'break-glass') return run('@sagewai/server/main', ['--break-glass', ...rest]);
  if (word === 'gateway' && rest[0] === 'import') {
    return run('@sagewai/server/main', ['--show-models', ...rest.slice(1)]);
  }
  return run('@sagewai/cli/main', [word, ...rest]);
}

/** Each process knows its own settings; `config explain [process]` asks it. */
function explain(words) {
  const [name = 'server', ...others] = words[0]?.startsWith('-') ? ['server', ...words] : words;
  const chosen = Object.hasOwn(PROCESSES, name) ? PROCESSES[name] : undefined;
  if (chosen && name !== 'doctor' && !chosen.isCommand)
    return run(chosen.module, ['--explain-config', ...others]);
  process.stderr.write(`There is no process ${name}. Say one of: server, edge, worker, up.\n`);
  process.exitCode = 2;
}

async function run(module, words) {
  keepCompiled();
  const { main } = await import(module).catch((error) => {
    // An image of one process has not the others.
    if (error.code !== 'ERR_MODULE_NOT_FOUND' || !error.message.includes(module.split('/main')[0]))
      throw error;
    process.stderr.write(`This installation has no \`${word}\`.\n`);
    return { main: () => 1 };
  });
  const code = await main(words, { serverFlags: PROCESSES.server.nodeFlags });
  if (typeof code === 'number') process.exitCode = code;
}

/**
 * The server serves the console from files. In a clone `up` has them built beside everything else that it starts; an
 * image brings them. Nobody looks at what ends after one run.
 */
function findConsole() {
  const folder = join(
    dirname(fileURLToPath(import.meta.url)),
    '..',
    '..',
    '..',
    'clients',
    'console',
  );
  process.env.CONSOLE_DIR ??= join(folder, 'dist');
  const isAsked = rest.some((each) =>
    ['--once', '--help', '-h', '--explain-config'].includes(each),
  );
  if (word !== 'up' || isAsked || !existsSync(join(folder, 'src'))) return;
  const child = spawn(process.execPath, [join(folder, 'build.mjs')], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let said = '';
  child.stderr.on('data', (bytes) => (said += bytes));
  child.on('close', (code) => {
    if (code !== 0)
      process.stderr.write(`The console is not built, and not shown:\n${said.slice(-2000)}\n`);
  });
}

/**
 * Flags that V8 reads only while it starts: the same process, under the same id, begins anew with them. Not
 * where whoever started it holds a channel to it, which would be lost: they give the flags themselves. What an
 * operator has chosen, by the command line or NODE_OPTIONS, stays.
 */
function startAgainWithFlags(flags = []) {
  const given = [...process.execArgv, process.env.NODE_OPTIONS ?? ''].join(' ');
  const missing = flags.filter((flag) => !given.includes(flag.split('=')[0]));
  if (missing.length === 0 || process.channel || process.platform === 'win32') return;
  const words = [process.execPath, ...process.execArgv, ...missing, ...process.argv.slice(1)];
  process.execve?.(process.execPath, words, process.env);
}

/**
 * Keeps what was compiled and stripped of types: the next start is quicker, and a worker's process a
 * third smaller. A folder that cannot be written is only slower. Children and threads are told.
 */
function keepCompiled() {
  const here = dirname(fileURLToPath(import.meta.url));
  const folder = join(here, '..', '..', '..', 'node_modules', '.cache', 'sagewai');
  nodeModule.enableCompileCache(folder);
  process.env.NODE_COMPILE_CACHE ??= folder;
}

function isNewEnough(version) {
  const [major, minor] = version.split('.').map(Number);
  return major > 24 || (major === 24 && minor >= 12);
}

async function startAgainOnBundledNode() {
  const here = dirname(fileURLToPath(import.meta.url));
  const bundled = join(here, '..', '..', '..', 'node_modules', '.bin', 'node');
  if (!existsSync(bundled)) {
    process.stderr.write(
      `Sagewai needs Node 24.12 or newer; this is ${process.versions.node}. ` +
        'In a clone, `npm run up` brings its own.\n',
    );
    process.exitCode = 1;
    return;
  }
  const child = spawn(bundled, process.argv.slice(1), { stdio: 'inherit' });
  // A terminal signals both of us; a supervisor only this process, so it is passed on.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'])
    process.on(signal, () => child.kill(signal));
  const [code, signal] = await new Promise((resolve) => {
    child.on('exit', (...how) => resolve(how));
    child.on('error', (error) => {
      process.stderr.write(`The bundled Node does not start: ${error.message}\n`);
      resolve([1, null]);
    });
  });
  // What the system's loader ends with when a library is missing; its own line names the library.
  if (code === 127) process.stderr.write('On Debian or Ubuntu: apt-get install libatomic1\n');
  process.exitCode = signal ? 1 : (code ?? 1);
}

function printHelp() {
  const rows = [
    ...Object.entries(PROCESSES).map(([name, { says }]) => [name, says]),
    ...Object.entries(COMMANDS),
  ];
  const lines = rows.map(([name, says]) => `  ${name.padEnd(16)} ${says}`);
  process.stdout.write(
    `Sagewai: the control plane for AI agents on your own machines.\n\n` +
      `Usage: sagewai <command> [options]\n\n${lines.join('\n')}\n\n` +
      `\`sagewai <command> --help\` says more. Start with: sagewai up\n`,
  );
}
