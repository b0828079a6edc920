import { randomUUID } from 'node:crypto';

import { parseLabels } from '@sagewai/config';
import type { Submission } from '@sagewai/sdk';
import { type Command, InvalidArgumentError, Option } from 'commander';

import { act, id, integer, serverCommand } from '../command.ts';
import type { ConnectionFlags, Context, Surroundings } from '../context.ts';
import { durationSeconds } from '../read-duration.ts';
import { readInput } from '../read-input.ts';
import { UsageError } from '../usage-error.ts';
import { parsePreferred, parseRequired, type Selector } from './parse-selector.ts';
import { retryPolicy } from './retry-flag.ts';
import { openedRun, sealFor, type SealFlags, withSealFlags } from './seal-runs.ts';
import { share } from './share.ts';
import {
  agentSubmission,
  payloadSubmission,
  type SubmissionDefaults,
} from './submission-of-line.ts';
import { submitFile } from './submit-file.ts';
import { submitWorkflow } from './submit-workflow.ts';
import { exitFor, showRun, waitForEnd } from './watch-run.ts';

type Sticky = NonNullable<Submission['sticky']>;

interface SubmitFlags extends ConnectionFlags, SealFlags {
  readonly agent: string;
  readonly message?: string;
  readonly model?: string;
  readonly system?: string;
  readonly payload?: string;
  readonly workflow?: string;
  readonly input?: string;
  readonly jsonl?: string;
  readonly pool?: string;
  readonly labels?: string;
  readonly require?: Selector[];
  readonly prefer?: Selector[];
  readonly strategy?: string;
  readonly workerVersion?: string;
  readonly capacityThreshold?: number;
  readonly worker?: string;
  readonly workerWait?: number;
  readonly workerFallback?: 'fail' | 'any';
  readonly sticky?: Sticky;
  readonly stickyTtl?: number;
  readonly priority?: number;
  readonly maxAttempts?: number;
  readonly deadline?: string;
  readonly delay?: number;
  readonly runAt?: string;
  readonly timeout?: number;
  readonly stalledAfter?: number;
  readonly retry?: Submission['retry'];
  readonly idempotencyKey?: string;
  readonly concurrencyKey?: string;
  readonly concurrencyLimit?: number;
  readonly parent?: string;
  readonly onParentEnd?: 'continue' | 'cancel';
  readonly wait?: boolean;
}

export function submitCommand(around: Surroundings): Command {
  const command = serverCommand('submit', 'Submit one run, or many from a file')
    .option('--message <text>', 'what to ask the agent')
    .option('--agent <name>', "the agent's name", 'agent')
    .option('--model <model>', 'the model it uses, which also routes the run')
    .option('--system <text>', 'its system prompt')
    .option('--payload <file>', 'a JSON payload instead of a message (- for stdin)')
    .option('--workflow <name>', 'a workflow that workers have, with --input')
    .option('--input <json>', 'what the workflow is given: JSON, a file, or - for stdin')
    .option('--jsonl <file>', 'one submission a line (- for stdin)')
    .option('--pool <pool>', 'the pool to run in')
    .option('--labels <labels>', 'labels that a worker must have, as region=eu-west')
    .option(
      '--require <selector>',
      "'gpu_memory>=24', 'zone in (a,b)', '!spot'; repeatable",
      required,
    )
    .option(
      '--prefer <selector>',
      "the same with a weight: 'zone in (a,b):5'; repeatable",
      preferred,
    )
    .option('--worker-version <range>', 'such as 2.0.1, 2.x, ^2.1 or ">=2 <3"')
    .option('--strategy <strategy>', 'direct, round_robin, least_loaded or threshold')
    .option('--capacity-threshold <share>', '0 to 1: threshold passes by above it', share)
    .option('--worker <id>', 'only this worker')
    .option('--worker-wait <duration>', 'how long it waits for it (default: 5m)', durationSeconds)
    .option('--worker-fallback <what>', 'then: fail (default), or any worker', fallback)
    .option('--sticky <key>', 'to the worker that had the last with it: KEY[:soft|hard]', sticky)
    .option('--sticky-ttl <duration>', 'how long the last counts (default: 10m)', durationSeconds)
    .option('--priority <n>', '-100 to 100; higher goes first', integer)
    .option('--max-attempts <n>', 'workers that may be lost on it', integer)
    .option('--deadline <instant>', 'ISO 8601; a run that has not ended by then fails')
    .option('--delay <duration>', 'not before so long, such as 90s or 2h', durationSeconds)
    .option('--run-at <instant>', 'ISO 8601; not before then')
    .option('--stalled-after <duration>', 'quiet for so long, it is stalled', durationSeconds)
    .option('--timeout <duration>', 'of one attempt; then another is made', durationSeconds)
    .option('--retry <policy>', 'as JSON: {"base_ms":1000,"classes":{"error":true}}', retryPolicy)
    .option(
      '--idempotency-key <key>',
      'the same key gives the same run, or the same runs of a file',
    )
    .option(
      '--concurrency-key <key>',
      'with --concurrency-limit: how many with this key run at once',
    )
    .option(
      '--concurrency-limit <n>',
      'as of the last submission with the key (default: 1)',
      integer,
    )
    .option('--parent <id>', 'the run under which it is submitted', id)
    .addOption(
      new Option(
        '--on-parent-end <what>',
        'when the parent ends before it (default: continue)',
      ).choices(['continue', 'cancel']),
    )
    .option('--wait', 'wait for the end, and show it')
    .addHelpText(
      'after',
      `
A line of --jsonl is a submission ({"payload": …, "pool": …}), or it has what to ask in
message, turns, prompt, question or input.

Examples:
  sagewai runs submit --model gpt-4o --message "Summarise the plan" --wait
  sagewai runs submit --model gpt-4o --jsonl questions.jsonl --wait
  sagewai runs submit --model gpt-4o --message "For the worker's eyes" --seal --wait`,
    );
  return act<SubmitFlags>(withSealFlags(command), around, submit);
}

const required = (text: string, before: Selector[] = []): Selector[] => [
  ...before,
  parseRequired(text),
];
const preferred = (text: string, before: Selector[] = []): Selector[] => [
  ...before,
  parsePreferred(text),
];

function fallback(text: string): 'fail' | 'any' {
  if (text === 'fail' || text === 'any') return text;
  throw new InvalidArgumentError('expected fail or any');
}

function sticky(text: string): Sticky {
  const [, key = text, mode] = /^(.+):(soft|hard)$/.exec(text) ?? [];
  return mode === undefined ? { key } : { key, mode: mode as 'soft' | 'hard' };
}

function stickyOf(of: Sticky, ttlSeconds: number | undefined): Sticky {
  return ttlSeconds === undefined ? of : { ...of, ttl_seconds: ttlSeconds };
}

async function submit(context: Context, flags: SubmitFlags): Promise<void> {
  const { idempotencyKey, jsonl, wait = false } = flags;
  const defaults = defaultsOf(flags);
  const way = oneOf(flags);
  if (way === 'workflow') {
    const { workflow = '', input } = flags;
    const { common } = defaults;
    return submitWorkflow(context, { workflow, input, idempotencyKey, wait, common });
  }
  const seal = await sealFor(context, flags, flags);
  if (way === 'jsonl') {
    const set = { file: jsonl ?? '', key: idempotencyKey ?? randomUUID() };
    return submitFile(context, { ...set, defaults, wait, seal, keyFile: flags.keyFile });
  }
  const submission = await submissionOf(flags, defaults);
  const created = await context.client.call(
    'runs.submitRun',
    { body: seal === null ? submission : seal(submission) },
    { idempotencyKey: idempotencyKey ?? randomUUID() },
  );
  if (!wait) {
    context.show(created, created.id);
    if (created.warning !== undefined)
      context.terminal.note(`Nobody can take it now: ${created.warning}`);
    context.terminal.note(`Its end: sagewai runs watch ${created.id}`);
    return;
  }
  context.terminal.note(`submitted ${created.id}`);
  const ended = await waitForEnd(context, created.id, ({ state }) => context.terminal.note(state));
  const run = seal === null ? ended : await openedRun(context, ended, flags.keyFile);
  context.show(run, showRun(run));
  context.end(exitFor(run.state));
}

async function submissionOf(flags: SubmitFlags, defaults: SubmissionDefaults): Promise<Submission> {
  if (flags.payload === undefined) return agentSubmission(flags.message, defaults);
  return payloadSubmission(await readInput(flags.payload), defaults);
}

/** What the run consists of is said in one way. */
function oneOf(flags: SubmitFlags): 'message' | 'payload' | 'jsonl' | 'workflow' {
  const ways = ['message', 'payload', 'jsonl', 'workflow'] as const;
  const [way, other] = ways.filter((each) => flags[each] !== undefined);
  if (way === undefined)
    throw new UsageError('say what to run: --message, --payload, --workflow or --jsonl');
  if (other !== undefined) throw new UsageError(`--${way} and --${other}: say one of them`);
  if (flags.input !== undefined && way !== 'workflow') {
    throw new UsageError('--input: of which --workflow?');
  }
  if (way === 'workflow' && flags.seal === true) {
    throw new UsageError('--seal: a sealed run keeps no journal, so it cannot be of a workflow');
  }
  return way;
}

function defaultsOf(flags: SubmitFlags): SubmissionDefaults {
  const labels = flags.labels === undefined ? undefined : parseLabels(flags.labels);
  if (labels === null) throw new UsageError('--labels: expected labels such as region=eu-west');
  if (flags.concurrencyLimit !== undefined && flags.concurrencyKey === undefined) {
    throw new UsageError('--concurrency-limit: of which --concurrency-key?');
  }
  if (flags.onParentEnd !== undefined && flags.parent === undefined) {
    throw new UsageError('--on-parent-end: of which --parent?');
  }
  const selectors = [...(flags.require ?? []), ...(flags.prefer ?? [])];
  const routing = {
    ...(flags.strategy === undefined ? {} : { strategy: flags.strategy }),
    ...(flags.capacityThreshold === undefined
      ? {}
      : { capacity_threshold: flags.capacityThreshold }),
    ...(flags.worker === undefined ? {} : { worker_id: flags.worker }),
    ...(flags.workerWait === undefined ? {} : { worker_wait_seconds: flags.workerWait }),
    ...(flags.workerFallback === undefined ? {} : { worker_fallback: flags.workerFallback }),
  };
  return {
    agent: flags.agent,
    model: flags.model,
    system: flags.system,
    common: {
      ...(flags.pool === undefined ? {} : { pool: flags.pool }),
      ...(flags.parent === undefined ? {} : { parent_run_id: flags.parent }),
      ...(flags.onParentEnd === undefined ? {} : { on_parent_end: flags.onParentEnd }),
      ...(flags.workerVersion === undefined ? {} : { worker_version: flags.workerVersion }),
      ...(labels === undefined ? {} : { labels }),
      ...(Object.keys(routing).length === 0 ? {} : { routing }),
      ...(flags.sticky === undefined ? {} : { sticky: stickyOf(flags.sticky, flags.stickyTtl) }),
      ...(selectors.length === 0 ? {} : { selectors }),
      ...(flags.priority === undefined ? {} : { priority: flags.priority }),
      ...(flags.maxAttempts === undefined ? {} : { max_attempts: flags.maxAttempts }),
      ...(flags.deadline === undefined ? {} : { deadline: flags.deadline }),
      ...(flags.delay === undefined ? {} : { delay_seconds: flags.delay }),
      ...(flags.runAt === undefined ? {} : { run_at: flags.runAt }),
      ...(flags.stalledAfter === undefined ? {} : { no_progress_seconds: flags.stalledAfter }),
      ...(flags.timeout === undefined ? {} : { timeout_seconds: flags.timeout }),
      ...(flags.retry === undefined ? {} : { retry: flags.retry }),
      ...(flags.concurrencyKey === undefined
        ? {}
        : { concurrency: { key: flags.concurrencyKey, limit: flags.concurrencyLimit ?? 1 } }),
    },
  };
}
