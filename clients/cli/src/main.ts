import { homedir } from 'node:os';

import { expandHome } from '@sagewai/config';

import { runCli } from './run-cli.ts';
import { processTerminal } from './terminal.ts';

/** The shell's own number for what Ctrl-C ends. */
const INTERRUPTED = 130;

/** The command line's process. Returns its exit code. */
export async function main(words: readonly string[]): Promise<number> {
  const plain = words.includes('--json') || Boolean(process.env['NO_COLOR']);
  const stop = new AbortController();
  process.once('SIGINT', () => {
    stop.abort(new Error('interrupted'));
    // What does not listen to the signal must not keep the terminal.
    setTimeout(() => process.exit(INTERRUPTED), 1_000).unref();
  });
  // Who reads us (`| head`) has had enough: there is nobody left to tell anything.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    process.exit(error.code === 'EPIPE' ? 0 : 1);
  });
  const home = expandHome(process.env['SAGEWAI_HOME'] || '~/.sagewai', homedir());
  const code = await runCli(words, {
    terminal: processTerminal({ plain }),
    environment: process.env,
    home,
    signal: stop.signal,
  });
  return stop.signal.aborted ? INTERRUPTED : code;
}
