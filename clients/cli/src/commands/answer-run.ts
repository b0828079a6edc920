import type { Command } from 'commander';

import { act, id, integer, serverCommand } from '../command.ts';
import type { ConnectionFlags, Context, Surroundings } from '../context.ts';
import { UsageError } from '../usage-error.ts';

interface DecideFlags extends ConnectionFlags {
  readonly wait?: number;
  readonly value?: string;
}

/** What a run waits for is answered here. */
export function answerCommands(around: Surroundings): Command[] {
  return [
    decide(around, ['approve', 'Let a run go on that waits for approval'], 'runs.approveRun'),
    decide(
      around,
      ['deny', 'Tell a run that waits for approval that it is denied'],
      'runs.denyRun',
    ),
    act<DecideFlags>(
      serverCommand('signal', 'Send a run a signal; it is kept until the run waits for it')
        .argument('<id>', 'its id', id)
        .argument('<name>', 'of the signal', id)
        .option('--value <json>', 'for the run'),
      around,
      signalRun,
    ),
  ];
}

function decide(
  around: Surroundings,
  [name, description]: readonly [string, string],
  endpoint: 'runs.approveRun' | 'runs.denyRun',
): Command {
  return act<DecideFlags>(
    serverCommand(name, description)
      .argument('<id>', 'its id', id)
      .option('--wait <n>', 'only this wait (default: the one that it is in)', integer)
      .option('--value <json>', 'for the run'),
    around,
    async (context, { wait, value }, [run = '']) => {
      const params = { run_id: run };
      // The one that is seen now: a later wait of the same run is not meant.
      const seen = wait ?? (await context.client.call('runs.getRun', { params })).waiting?.wait;
      const body = { ...(seen === undefined ? {} : { wait: seen }), ...valueOf(value) };
      const answer = await context.client.call(endpoint, { params, body });
      context.show(answer, `The run is told, and is ${answer.state}.`);
    },
  );
}

async function signalRun(
  context: Context,
  { value }: DecideFlags,
  [run = '', name = '']: readonly string[],
): Promise<void> {
  const body = { name, ...valueOf(value) };
  const answer = await context.client.call('runs.signalRun', { params: { run_id: run }, body });
  context.show(
    answer,
    answer.resumed
      ? `The run is told, and is ${answer.state}.`
      : 'It does not wait for this signal yet: it is kept.',
  );
}

function valueOf(text: string | undefined): { value?: unknown } {
  if (text === undefined) return {};
  try {
    return { value: JSON.parse(text) as unknown };
  } catch {
    throw new UsageError(`--value is not JSON: ${text} (a text needs its quotes: '"yes"')`);
  }
}
