import { homedir } from 'node:os';
import { resolve } from 'node:path';

import { SagewaiError } from '@sagewai/sdk';
import { Command, CommanderError } from 'commander';

import manifest from '../package.json' with { type: 'json' };
import type { Surroundings } from './context.ts';
import { EXIT, type ExitCode, exitCodeOf } from './exit-code.ts';
import { processTerminal, type Terminal } from './terminal.ts';
import { UsageError } from './usage-error.ts';

/** Only the group that is asked for is loaded: help and completion stay quick. */
const GROUPS: Record<string, (around: Surroundings) => Promise<Command>> = {
  login: async (around) => (await import('./commands/login.ts')).loginCommand(around),
  fleet: async (around) => (await import('./commands/fleet.ts')).fleetCommand(around),
  runs: async (around) => (await import('./commands/runs.ts')).runsCommand(around),
  key: async (around) => (await import('./commands/key.ts')).keyCommand(around),
  audit: async (around) => (await import('./commands/audit.ts')).auditCommand(around),
};

/** Commands of other processes, so that a misspelt one is recognised too. */
const ELSEWHERE = ['up', 'server', 'worker', 'doctor', 'config'];

/** The command line's process. Returns its exit code. */
export async function main(words: readonly string[]): Promise<number> {
  const plain = words.includes('--json') || Boolean(process.env['NO_COLOR']);
  const terminal = processTerminal({ plain });
  const stop = new AbortController();
  process.once('SIGINT', () => {
    stop.abort(new Error('interrupted'));
    // A call that does not listen to the signal must not keep the terminal.
    setTimeout(() => process.exit(130), 1_000).unref();
  });
  const home = resolve(
    (process.env['SAGEWAI_HOME'] || '~/.sagewai').replace(/^~(?=\/|$)/, homedir()),
  );
  const around = { terminal, environment: process.env, home, signal: stop.signal };
  try {
    const program = await buildProgram(words[0] ?? '', around);
    await program.parseAsync([...words], { from: 'user' });
    return typeof process.exitCode === 'number' ? process.exitCode : EXIT.ok;
  } catch (thrown) {
    return stop.signal.aborted ? 130 : tell(terminal, thrown);
  }
}

async function buildProgram(word: string, around: Surroundings): Promise<Command> {
  const program = new Command('sagewai')
    .version(manifest.version)
    .showHelpAfterError('(add --help for what is possible)');
  for (const [name, load] of Object.entries(GROUPS)) {
    program.addCommand(name === word ? await load(around) : new Command(name));
  }
  for (const name of ELSEWHERE) program.addCommand(new Command(name));
  exitByThrowing(program);
  return program;
}

function exitByThrowing(command: Command): void {
  command.exitOverride();
  for (const each of command.commands) exitByThrowing(each);
}

function tell(terminal: Terminal, thrown: unknown): ExitCode {
  // Commander has written its message (or the help) already.
  if (thrown instanceof CommanderError) return thrown.exitCode === 0 ? EXIT.ok : EXIT.usage;
  if (thrown instanceof UsageError) {
    terminal.note(`error: ${thrown.message}`);
    return EXIT.usage;
  }
  if (thrown instanceof SagewaiError) {
    terminal.note(
      `error: ${thrown.detail}${thrown.requestId ? ` (request ${thrown.requestId})` : ''}`,
    );
    for (const { path, message } of thrown.mistakes) terminal.note(`  ${path || '/'}: ${message}`);
    const advice = adviceFor(thrown);
    if (advice) terminal.note(advice);
    return exitCodeOf(thrown);
  }
  terminal.note(`error: ${thrown instanceof Error ? thrown.message : String(thrown)}`);
  return EXIT.error;
}

function adviceFor({ code, status }: SagewaiError): string | null {
  if (code === 'unreachable')
    return 'Is it running? `sagewai up` starts one; --gateway names another.';
  if (status === 401) return '`sagewai login` keeps a token; SAGEWAI_TOKEN gives one.';
  if (code === 'organization.required') return 'Say which one: --org NAME';
  return null;
}
