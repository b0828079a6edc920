import type { CallOutput } from '@sagewai/sdk';
import { Command } from 'commander';

import { act, group, id, integer, serverCommand } from '../command.ts';
import type { ConnectionFlags, Surroundings } from '../context.ts';
import { printColumns } from '../print-columns.ts';
import { instantOf } from '../read-instant.ts';
import { UsageError } from '../usage-error.ts';
import { callBodiesCommand } from './call-bodies.ts';
import { guardrailsCommand } from './guardrails.ts';

type Explained = CallOutput<'gateway.explainRoute'>;
type Decision = CallOutput<'ledger.getRoutingDecision'>;

interface DecisionFlags extends ConnectionFlags {
  readonly model?: string;
  readonly deployment?: string;
  readonly key?: string;
  readonly run?: string;
  readonly trace?: string;
  readonly since?: string;
  readonly fellBack?: boolean;
  readonly limit?: number;
  readonly cursor?: string;
}

export function gatewayCommand(around: Surroundings): Command {
  return group('gateway', 'How model calls are routed, and why', {
    commands: [
      importCommand(),
      explainCommand(around),
      cacheCommand(around),
      callBodiesCommand(around),
      guardrailsCommand(around),
      decisionsCommand(around),
      decisionCommand(around),
    ],
    examples: [
      'sagewai gateway import litellm-config.yaml',
      'sagewai gateway explain gpt-4o',
      'sagewai gateway decisions --fell-back --since 7d',
      'sagewai gateway decision 0199aaaa-0000-7000-8000-000000000001 --json',
    ],
  });
}

/** The launcher gives it to the server's own program, which knows how such a file is read. */
function importCommand(): Command {
  return new Command('import')
    .description('Show what a litellm-config.yaml becomes; starts nothing')
    .argument('<file>', 'the file')
    .option('--json', 'print the result as JSON')
    .action(() => {
      throw new UsageError('say: sagewai gateway import FILE');
    });
}

function explainCommand(around: Surroundings): Command {
  return act(
    serverCommand('explain', 'Say how a call of a model would be routed now').argument(
      '<model>',
      'as a caller spells it',
      id,
    ),
    around,
    async (context, _, [model = '']) => {
      const route = await context.client.call('gateway.explainRoute', { query: { model } });
      context.show(route, explainText(route));
    },
  );
}

function cacheCommand(around: Surroundings): Command {
  return act(
    serverCommand(
      'cache',
      'Say which answers are kept, and how much is, by the replica that is asked',
    ),
    around,
    async (context) => {
      const cache = await context.client.call('gateway.getAnswerCache', {});
      context.show(cache, cacheText(cache));
    },
  );
}

const WHEN = {
  always: 'of every call',
  asked: 'of calls that ask for it',
  named: 'where a key or a model says so',
} as const;

function cacheText(cache: CallOutput<'gateway.getAnswerCache'>): string {
  const { deployments, entries, bytes } = cache;
  return [
    `answers are kept ${WHEN[cache.when]}, for ${cache.ttl_seconds} s`,
    `${entries} kept: ${bytes} of ${cache.bytes_max} bytes`,
    ...deployments.map(({ id: name, is_kept: isKept }) => `${name}: ${isKept ? 'kept' : 'never'}`),
  ].join('\n');
}

function explainText({ candidates, fallbacks, strategy, chosen, model }: Explained): string {
  const rows = candidates.map((each) => [
    each.deployment,
    each.provider,
    each.upstream_model,
    each.weight,
    each.order,
    each.in_flight,
    each.latency_ms,
    each.deployment === chosen ? 'would be called' : whyNot(each),
  ]);
  const headings = [
    'deployment',
    'provider',
    'upstream model',
    'weight',
    'order',
    'in flight',
    'ms',
  ];
  const chains = Object.entries(fallbacks).flatMap(([kind, models]) =>
    models.length === 0 ? [] : [`fallbacks (${kind.replaceAll('_', ' ')}): ${models.join(', ')}`],
  );
  return [
    `${model}: ${strategy ?? 'one deployment'}`,
    printColumns([...headings, 'now'], rows),
    ...chains,
  ].join('\n');
}

function whyNot(candidate: Explained['candidates'][number]): string {
  if (candidate.cools_for_ms > 0) return `cools for ${candidate.cools_for_ms} ms`;
  if (candidate.is_full) return 'has had its rpm or tpm of this minute';
  return candidate.passed_because === null
    ? 'well'
    : `well, passed over: ${candidate.passed_because}`;
}

function decisionsCommand(around: Surroundings): Command {
  return act<DecisionFlags>(
    serverCommand('decisions', 'List how calls found their way, newest first')
      .option('--model <name>', 'that answered')
      .option('--deployment <id>', 'that answered')
      .option('--key <id>', 'of this virtual key')
      .option('--run <id>', 'of this run')
      .option('--trace <id>', 'of this trace')
      .option('--since <when>', 'no older: an instant (ISO 8601), or how long ago, as 7d')
      .option('--fell-back', 'only calls that another model answered')
      .option('--limit <n>', 'at most so many', integer)
      .option('--cursor <id>', 'the next page of a former answer'),
    around,
    async (context, flags) => {
      const query = {
        ...given('model', flags.model),
        ...given('deployment', flags.deployment),
        ...given('key_id', flags.key),
        ...given('run_id', flags.run),
        ...given('trace_id', flags.trace),
        ...given('since', instantOf(flags.since, context.now())),
        ...given('fell_back', flags.fellBack),
        ...given('limit', flags.limit),
        ...given('cursor', flags.cursor),
      };
      const page = await context.client.call('ledger.listRoutingDecisions', { query });
      const rows = page.decisions.map((each) => [
        each.id,
        each.requested_model,
        each.model,
        each.deployment,
        each.attempts.length,
        each.fallback_index,
        each.rules.join(', '),
      ]);
      const headings = ['call', 'asked for', 'model', 'deployment', 'failed', 'fallbacks', 'rules'];
      const next = page.next_cursor === null ? [] : [`more: --cursor ${page.next_cursor}`];
      context.show(page, [printColumns(headings, rows), ...next].join('\n'));
    },
  );
}

const given = <Name extends string, Value>(name: Name, value: Value | undefined) =>
  (value === undefined ? {} : { [name]: value }) as { [Key in Name]?: Value };

function decisionCommand(around: Surroundings): Command {
  return act(
    serverCommand('decision', 'Show how one call found its way').argument(
      '<call>',
      'its id: x-litellm-call-id',
      id,
    ),
    around,
    async (context, _, [call = '']) => {
      const params = { call_id: call };
      const decision = await context.client.call('ledger.getRoutingDecision', { params });
      context.show(decision, decisionText(decision));
    },
  );
}

function decisionText(decision: Decision): string {
  const { strategy, score } = decision;
  const refused = decision.candidates_refused.map(
    ({ model, deployment, because }) => `passed over: ${deployment ?? model} (${because})`,
  );
  const failed = decision.attempts.map(
    ({ deployment, because, call_id: call }) =>
      `failed: ${deployment} (${because})${call === null ? '' : `, booked as ${call}`}`,
  );
  return [
    `${decision.requested_model} → ${decision.model} at ${decision.deployment} (${decision.provider ?? '-'})`,
    ...(decision.profile === null ? [] : [`profile: ${decision.profile}`]),
    `by ${decision.rules.join(', ') || 'nothing: there was no choice'}`,
    ...(decision.data_classification === null ? [] : [`data: ${decision.data_classification}`]),
    ...(decision.complexity === null ? [] : [`complexity: ${decision.complexity.reason}`]),
    ...(strategy === null ? [] : [`strategy: ${strategy}, score ${score ?? '-'}`]),
    ...refused,
    ...failed,
    ...(decision.trace_id === null ? [] : [`trace: ${decision.trace_id}`]),
  ].join('\n');
}
