import type { CallInput, CallOutput } from '@sagewai/sdk';
import type { Command } from 'commander';

import { act, group, id, serverCommand } from '../command.ts';
import type { ConnectionFlags, Context, Surroundings } from '../context.ts';
import { printColumns } from '../print-columns.ts';
import { readInput } from '../read-input.ts';
import { UsageError } from '../usage-error.ts';
import { policiesCommand } from './model-policies.ts';

type Tiers = CallOutput<'gateway.getModelTiers'>;
type NewTiers = NonNullable<CallInput<'gateway.setModelTiers'>['body']>;

type Request = NonNullable<CallInput<'gateway.testClassify'>['body']>;

const TIERS = ['simple', 'medium', 'complex'] as const;

interface TierFlags extends ConnectionFlags {
  readonly simple?: string;
  readonly medium?: string;
  readonly complex?: string;
  readonly simplePool?: string;
  readonly mediumPool?: string;
  readonly complexPool?: string;
}

interface ClassifyFlags extends ConnectionFlags {
  readonly file?: string;
}

export function modelsCommand(around: Surroundings): Command {
  return group('models', 'Models: which one a request gets that asks for `auto`', {
    commands: [tiersCommand(around), policiesCommand(around), classifyCommand(around)],
    examples: [
      'sagewai models tiers set research --simple gpt-4o-mini --complex gpt-4o --complex-pool gpu',
      'sagewai models tiers get research',
      'sagewai models classify "Design a schema for an audit log"',
      'sagewai models classify --file request.json --json',
    ],
  });
}

function tiersCommand(around: Surroundings): Command {
  return group('tiers', 'The models of a project for simple, medium and complex requests', {
    commands: [
      act(
        serverCommand('get', 'Show them').argument('<project>', 'its name or id', id),
        around,
        async (context, _, [project = '']) => {
          const params = { project };
          show(context, await context.client.call('gateway.getModelTiers', { params }));
        },
      ),
      act<TierFlags>(
        serverCommand('set', 'Set them all; a tier that is not named has none of its own')
          .argument('<project>', 'its name or id', id)
          .option('--simple <model>', 'for simple requests')
          .option('--medium <model>', 'for what is neither')
          .option('--complex <model>', 'for complex requests')
          .option('--simple-pool <pool>', 'for simple runs that say `auto` as their pool')
          .option('--medium-pool <pool>', 'for runs that are neither')
          .option('--complex-pool <pool>', 'for complex runs'),
        around,
        async (context, flags, [project = '']) => {
          const body = tiersOf(flags);
          const params = { project };
          show(context, await context.client.call('gateway.setModelTiers', { params, body }));
        },
      ),
    ],
    examples: [
      'sagewai models tiers set research --simple gpt-4o-mini --complex gpt-4o --complex-pool gpu',
    ],
  });
}

function classifyCommand(around: Surroundings): Command {
  return act<ClassifyFlags>(
    serverCommand('classify', 'Say how complex a request seems, and which model it would get')
      .argument('[message]', 'what a user would say')
      .option('--file <file>', 'a request as JSON, with messages, system and tools; - reads stdin'),
    around,
    async (context, { file }, [message]) => {
      if ((file === undefined) === (message === undefined)) {
        throw new UsageError('say a message, or --file with a request');
      }
      const body =
        file === undefined
          ? { messages: [{ role: 'user', content: message ?? '' }] }
          : requestOf(await readInput(file), file);
      const answer = await context.client.call('gateway.testClassify', { body });
      const gets =
        answer.model === null
          ? 'the project has no tiers'
          : `gets ${answer.model}${answer.pool === null ? '' : ` in the pool ${answer.pool}`}`;
      const certain = `${Math.round(answer.confidence * 100)} %`;
      const by = answer.policy === null ? '' : ` by the policy ${answer.policy}`;
      context.show(answer, `${answer.reason}, confidence ${certain}: ${gets}${by}`);
    },
  );
}

function tiersOf(flags: TierFlags): NewTiers {
  const given = TIERS.flatMap((tier) => {
    const model = flags[tier];
    const pool = flags[`${tier}Pool`] ?? null;
    if (model !== undefined) return [[tier, { model, pool }]];
    if (pool === null) return [];
    throw new UsageError(`--${tier}-pool: say --${tier} too`);
  });
  return Object.fromEntries(given) as NewTiers;
}

function requestOf(text: string, file: string): Request {
  const read = parse(text);
  if (typeof read !== 'object' || read === null || !('messages' in read)) {
    throw new UsageError(`${file}: expected a JSON object with messages`);
  }
  const { messages, system, tools } = read as Record<string, unknown>;
  if (!Array.isArray(messages)) throw new UsageError(`${file}: messages is no list`);
  return {
    messages,
    ...(system === undefined ? {} : { system }),
    ...(Array.isArray(tools) ? { tools } : {}),
  };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function show(context: Context, tiers: Tiers): void {
  const rows = TIERS.map((tier) => [tier, tiers[tier]?.model ?? null, tiers[tier]?.pool ?? null]);
  context.show(tiers, printColumns(['tier', 'model', 'pool'], rows));
}
