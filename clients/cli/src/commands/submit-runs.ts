import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';

import { parseLabels } from '@sagewai/config';
import type { Command } from 'commander';

import { act, integer, serverCommand } from '../command.ts';
import type { ConnectionFlags, Context, Surroundings } from '../context.ts';
import { EXIT } from '../exit-code.ts';
import { UsageError } from '../usage-error.ts';
import {
  agentSubmission,
  type Submission,
  type SubmissionDefaults,
  submissionOfLine,
} from './submission-of-line.ts';
import { exitFor, type RunDetail, showRun, waitForEnd } from './watch-run.ts';

interface SubmitFlags extends ConnectionFlags {
  readonly agent: string;
  readonly message?: string;
  readonly model?: string;
  readonly system?: string;
  readonly payload?: string;
  readonly jsonl?: string;
  readonly pool?: string;
  readonly labels?: string;
  readonly priority?: number;
  readonly maxAttempts?: number;
  readonly deadline?: string;
  readonly idempotencyKey?: string;
  readonly wait?: boolean;
}

export function submitCommand(around: Surroundings): Command {
  const command = serverCommand('submit', 'Submit one run, or many from a file')
    .option('--message <text>', 'what to ask the agent')
    .option('--agent <name>', "the agent's name", 'agent')
    .option('--model <model>', 'the model it uses, which also routes the run')
    .option('--system <text>', 'its system prompt')
    .option('--payload <file>', 'a JSON payload instead of a message (- for stdin)')
    .option('--jsonl <file>', 'one submission a line (- for stdin)')
    .option('--pool <pool>', 'the pool to run in')
    .option('--labels <labels>', 'labels that a worker must have, as region=eu-west')
    .option('--priority <n>', '-100 to 100; higher goes first', integer)
    .option('--max-attempts <n>', 'workers that may be lost on it', integer)
    .option('--deadline <instant>', 'ISO 8601; a run that has not ended by then fails')
    .option('--idempotency-key <key>', 'the same key gives the same run')
    .option('--wait', 'wait for the end, and show it')
    .addHelpText(
      'after',
      `
Examples:
  sagewai runs submit --model gpt-4o --message "Summarise the plan" --wait
  sagewai runs submit --model gpt-4o --jsonl questions.jsonl --wait`,
    );
  return act<SubmitFlags>(command, around, submit);
}

async function submit(context: Context, flags: SubmitFlags): Promise<void> {
  const defaults = defaultsOf(flags);
  if (flags.jsonl !== undefined)
    return submitFile(context, flags.jsonl, defaults, flags.wait === true);
  const body =
    flags.payload === undefined
      ? agentSubmission(required(flags.message), defaults)
      : submissionOfLine(`{"payload":${await readInput(flags.payload)}}`, 1, {
          ...defaults,
          common: { ...defaults.common, ...(flags.model ? { model: flags.model } : {}) },
        });
  const idempotencyKey = flags.idempotencyKey ?? randomUUID();
  const created = await context.client.call(
    'runs.submitRun',
    { body },
    { idempotencyKey, signal: context.signal },
  );
  if (flags.wait !== true) {
    context.show(created, created.id);
    return;
  }
  context.terminal.note(`submitted ${created.id}`);
  const run = await waitForEnd(context, created.id, (seen) => context.terminal.note(seen.state));
  context.show(run, showRun(run));
  process.exitCode = exitFor(run.state);
}

const BATCH_SIZE = 100;
const WATCHERS = 16;

async function submitFile(
  context: Context,
  file: string,
  defaults: SubmissionDefaults,
  wait: boolean,
): Promise<void> {
  const lines = (await readInput(file)).split('\n');
  const submissions = lines.flatMap((line, index) =>
    line.trim() === '' ? [] : [submissionOfLine(line, index + 1, defaults)],
  );
  if (submissions.length === 0) throw new UsageError(`${file} has no submissions`);
  const ids = await submitAll(context, submissions);
  if (!wait) {
    context.show({ runs: ids }, ids.join('\n'));
    return;
  }
  const runs = await waitForAll(context, ids);
  const failed = runs.filter(({ state }) => state !== 'completed');
  for (const run of runs) if (context.json) context.terminal.out(JSON.stringify(run));
  const summary = `${runs.length - failed.length} of ${runs.length} completed`;
  if (context.json) context.terminal.note(summary);
  else context.terminal.out(summary);
  for (const run of failed) context.terminal.note(`${run.id} ${run.state}: ${run.error ?? ''}`);
  if (failed.length > 0) process.exitCode = EXIT.error;
}

/** In batches; each run has a key, so that a batch whose answer was lost may be sent again. */
async function submitAll(context: Context, submissions: readonly Submission[]): Promise<string[]> {
  const set = randomUUID();
  const keyed = submissions.map((each, index) => ({
    ...each,
    idempotency_key: each.idempotency_key ?? `${set}:${index}`,
  }));
  const ids: string[] = [];
  for (let start = 0; start < keyed.length; start += BATCH_SIZE) {
    const runs = keyed.slice(start, start + BATCH_SIZE);
    const options = { signal: context.signal, attemptsMax: 10 };
    const answer = await context.client.call('runs.submitRuns', { body: { runs } }, options);
    ids.push(...answer.runs.map(({ id }) => id));
    context.terminal.progress(bar('submitted', ids.length, keyed.length));
  }
  context.terminal.note(`submitted ${ids.length} runs`);
  return ids;
}

async function waitForAll(context: Context, ids: readonly string[]): Promise<RunDetail[]> {
  const ended = new Map<string, RunDetail>();
  const left = [...ids];
  const watch = async (): Promise<void> => {
    for (let id = left.shift(); id !== undefined; id = left.shift()) {
      ended.set(id, await waitForEnd(context, id));
      context.terminal.progress(bar('ended', ended.size, ids.length));
    }
  };
  await Promise.all(Array.from({ length: WATCHERS }, watch));
  return ids.flatMap((id) => ended.get(id) ?? []);
}

function bar(word: string, done: number, total: number): string {
  const width = 30;
  const filled = Math.round((done / total) * width);
  return `${word} [${'='.repeat(filled)}${' '.repeat(width - filled)}] ${done}/${total}`;
}

function defaultsOf(flags: SubmitFlags): SubmissionDefaults {
  const labels = flags.labels === undefined ? undefined : parseLabels(flags.labels);
  if (labels === null) throw new UsageError('--labels: expected labels such as region=eu-west');
  return {
    agent: flags.agent,
    model: flags.model,
    system: flags.system,
    common: {
      ...(flags.pool === undefined ? {} : { pool: flags.pool }),
      ...(labels === undefined ? {} : { labels: { ...labels } }),
      ...(flags.priority === undefined ? {} : { priority: flags.priority }),
      ...(flags.maxAttempts === undefined ? {} : { max_attempts: flags.maxAttempts }),
      ...(flags.deadline === undefined ? {} : { deadline: flags.deadline }),
    },
  };
}

function required(message: string | undefined): string {
  if (message === undefined)
    throw new UsageError('say what to run: --message, --payload or --jsonl');
  return message;
}

async function readInput(file: string): Promise<string> {
  if (file === '-') return text(process.stdin);
  return readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new UsageError(`cannot read ${file}: ${error.code ?? error.message}`);
  });
}
