import type { Command } from 'commander';

import { act, id, integer, serverCommand } from '../command.ts';
import type { ConnectionFlags, Context, Surroundings } from '../context.ts';
import { followEvents, showEvent } from './follow-events.ts';

interface LogFlags extends ConnectionFlags {
  readonly follow?: boolean;
  readonly sinceCursor: number;
}

export function logsCommand(around: Surroundings): Command {
  const command = serverCommand('logs', 'Show what a run has said: log lines and progress')
    .argument('<id>', 'its id', id)
    .option('-f, --follow', 'go on until the run has ended')
    .option('--since-cursor <n>', 'only what came after this number', integer, 0)
    .addHelpText('after', '\nWith --json, one event a line.');
  return act<LogFlags>(command, around, (context, flags, [run = '']) =>
    showLogs(context, run, flags),
  );
}

async function showLogs(
  { client, terminal, json }: Context,
  run: string,
  { follow, sinceCursor }: LogFlags,
): Promise<void> {
  const end = await followEvents({ client }, run, {
    after: sinceCursor,
    follow: follow === true,
    onEvent: (event) => {
      for (const line of json ? [JSON.stringify(event)] : showEvent(event)) terminal.out(line);
    },
  });
  if (end.is_end) terminal.note(`The run is ${end.state}.`);
  else terminal.note(`It is ${end.state}. More: --since-cursor ${end.next}, or -f to follow`);
}
