import type { CallInput, CallOutput } from '@sagewai/sdk';
import type { Command } from 'commander';

import { act, group, id, list, serverCommand } from '../command.ts';
import type { ConnectionFlags, Context, Surroundings } from '../context.ts';
import { printColumns } from '../print-columns.ts';
import { readInput } from '../read-input.ts';
import { showAge } from '../show-duration.ts';
import { UsageError } from '../usage-error.ts';

type Shown = CallOutput<'gateway.getProjectCredential'>;
type Body = NonNullable<CallInput<'gateway.setProjectCredential'>['body']>;

interface SetFlags extends ConnectionFlags {
  readonly keyFile?: string;
  readonly make?: boolean;
  readonly baseUrl?: string;
  readonly maxBudget?: string;
  readonly budgetDuration?: string;
  readonly models?: string[];
}

const project = ['<project>', 'its name or id', id] as const;

/** `sagewai projects credential`: what the project calls models with, in place of the operator's. */
export function credentialCommand(around: Surroundings): Command {
  return group('credential', 'The credential of its own that a project calls models with', {
    commands: [
      act<SetFlags>(
        serverCommand('set', 'Give it one, or have a LiteLLM proxy make one')
          .argument(...project)
          .option('--key-file <file>', 'the credential; - reads stdin')
          .option('--make', 'the LiteLLM proxy behind the server makes one')
          .option('--base-url <url>', 'where it is good (default: the only LiteLLM proxy)')
          .option('--max-budget <usd>', 'of one that is made, kept by the proxy')
          .option('--budget-duration <duration>', 'such as 30d, of that budget')
          .option('--models <models>', 'by comma, of one that is made (default: all)', list),
        around,
        async (context, flags, [name = '']) => {
          const body = await bodyOf(flags);
          const params = { project: name };
          show(
            context,
            await context.client.call('gateway.setProjectCredential', { params, body }),
          );
        },
      ),
      act(
        serverCommand('show', 'Tell about it; its value is shown to nobody').argument(...project),
        around,
        async (context, _, [name = '']) => {
          const params = { project: name };
          show(context, await context.client.call('gateway.getProjectCredential', { params }));
        },
      ),
      act(
        serverCommand('rotate', 'Have the proxy make another one, and delete this one').argument(
          ...project,
        ),
        around,
        async (context, _, [name = '']) => {
          const params = { project: name };
          show(context, await context.client.call('gateway.rotateProjectCredential', { params }));
        },
      ),
      act(
        serverCommand(
          'remove',
          "Take it away: the project's calls use the operator's again",
        ).argument(...project),
        around,
        async (context, _, [name = '']) => {
          const params = { project: name };
          const answer = await context.client.call('gateway.removeProjectCredential', { params });
          context.show(answer, `Removed the credential of ${name}.`);
        },
      ),
    ],
    examples: [
      'sagewai projects credential set research --make --max-budget 100 --budget-duration 30d',
      'sagewai projects credential set research --key-file key.txt --base-url https://api.openai.com/v1',
      'sagewai projects credential rotate research',
    ],
  });
}

async function bodyOf(flags: SetFlags): Promise<Body> {
  const { keyFile, make = false, baseUrl, maxBudget, budgetDuration, models } = flags;
  if ((keyFile === undefined) === !make) throw new UsageError('say --key-file or --make');
  const place = baseUrl === undefined ? {} : { base_url: baseUrl };
  if (keyFile !== undefined) {
    const forMade = [maxBudget, budgetDuration, models].some((one) => one !== undefined);
    if (forMade)
      throw new UsageError('--max-budget, --budget-duration and --models go with --make');
    return { ...place, key: (await readInput(keyFile)).trim() };
  }
  const budget = maxBudget === undefined ? undefined : Number(maxBudget);
  if (budget !== undefined && !(budget >= 0)) throw new UsageError('--max-budget: dollars');
  return {
    ...place,
    make: {
      ...(budget === undefined ? {} : { max_budget: budget }),
      ...(budgetDuration === undefined ? {} : { budget_duration: budgetDuration }),
      ...(models === undefined ? {} : { models }),
    },
  };
}

function show(context: Context, shown: Shown): void {
  const { hint, kind, base_url: at, created_by: by, replaced_at: replaced } = shown;
  const since = showAge(replaced ?? shown.created_at, context.now());
  context.show(
    shown,
    printColumns(['credential', 'kind', 'at', 'by', 'since'], [[hint, kind, at, by, since]]),
  );
}
