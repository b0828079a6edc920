import type { Submission } from '@sagewai/sdk';

import type { Context } from '../context.ts';
import { EXIT } from '../exit-code.ts';
import { jsonText } from '../json-text.ts';
import { readInput } from '../read-input.ts';
import { UsageError } from '../usage-error.ts';
import { inBatches } from './in-batches.ts';
import { openedRun, type Seal } from './seal-runs.ts';
import { type SubmissionDefaults, submissionOfLine } from './submission-of-line.ts';
import { type RunDetail, waitForEnd } from './watch-run.ts';

interface SubmittedFile {
  /** `-` is stdin. */
  readonly file: string;
  /** The same key and the same file give the same runs. */
  readonly key: string;
  readonly defaults: SubmissionDefaults;
  readonly wait: boolean;
  /** Null: it goes as it is. */
  readonly seal: Seal | null;
  readonly keyFile: string | undefined;
}

const WATCHERS = 16;

/** Submits one run a line. With `wait`: until all have ended; 1 unless all have completed. */
export async function submitFile(
  context: Context,
  { file, key, defaults, wait, seal, keyFile }: SubmittedFile,
): Promise<void> {
  const lines = (await readInput(file)).split('\n');
  const submissions = lines.flatMap((line, index) => {
    if (line.trim() === '') return [];
    const clear = submissionOfLine(line, index + 1, defaults);
    const submission = seal === null ? clear : seal(clear);
    return [{ ...submission, idempotency_key: submission.idempotency_key ?? `${key}:${index}` }];
  });
  if (submissions.length === 0) throw new UsageError(`${file} has no submissions`);
  const ids = await submitAll(context, submissions);
  if (!wait) return context.show({ runs: ids }, ids.join('\n'));
  const ended = await waitForAll(context, ids);
  if (seal === null) return tellEnds(context, ended);
  const opened = ended.map((run) => openedRun(context, run, keyFile));
  tellEnds(context, await Promise.all(opened));
}

/**
 * Each run has a key, so that a batch whose answer was lost is sent again without harm. A server that
 * has taken a batch and is away now restarts, and is waited for.
 */
async function submitAll(context: Context, submissions: readonly Submission[]): Promise<string[]> {
  const ids: string[] = [];
  for (const runs of inBatches(submissions)) {
    const attemptsMax = ids.length === 0 ? 3 : 20;
    const answer = await context.client.call(
      'runs.submitRuns',
      { body: { runs } },
      { attemptsMax },
    );
    ids.push(...answer.runs.map(({ id }) => id));
    context.terminal.progress(bar('submitted', ids.length, submissions.length));
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

/** With `--json` one run a line, in the order of the file. */
function tellEnds({ json, terminal, end }: Context, runs: readonly RunDetail[]): void {
  const failed = runs.filter(({ state }) => state !== 'completed');
  const summary = `${runs.length - failed.length} of ${runs.length} completed`;
  if (json) for (const run of runs) terminal.out(jsonText(run));
  if (json) terminal.note(summary);
  else terminal.out(summary);
  for (const run of failed) terminal.note(`${run.id} ${run.state}: ${run.error ?? ''}`);
  if (failed.length > 0) end(EXIT.error);
}

function bar(word: string, done: number, total: number): string {
  const width = 30;
  const filled = Math.round((done / total) * width);
  return `${word} [${'='.repeat(filled)}${' '.repeat(width - filled)}] ${done}/${total}`;
}
