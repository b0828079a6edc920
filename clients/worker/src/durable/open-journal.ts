import { type CallOutput, createClient, type SagewaiClient, type Send } from '@sagewai/sdk';
import type { Journal, JournaledStep } from '@sagewai/sdk/workflow';

import type { Lease } from '../lease.ts';
import { RunFailed } from '../workflows/workflow.ts';
import { createJournalWriter } from './journal-writer.ts';

export interface OpenJournalOptions {
  readonly client: Pick<SagewaiClient, 'url'>;
  readonly send: Send;
  readonly lease: Pick<Lease, 'runId' | 'runToken' | 'resume'>;
  readonly signal: AbortSignal;
}

/** Of what the SDK here reads and writes. */
const JOURNAL_FORMAT = 1;

type Page = CallOutput<'runs.readJournal'>;

/** The journal of a run, as this attempt finds it, and the way into it. */
export async function openJournal(options: OpenJournalOptions): Promise<Journal> {
  const { send, lease, signal } = options;
  const { runId, runToken, resume } = lease;
  const client = createClient({ url: options.client.url, send, signal, token: runToken });
  // A step that was written again while this was read comes twice: the later counts.
  const steps = new Map<string, JournaledStep>();
  let page: Page;
  let after = 0;
  do {
    page = await client.call('runs.readJournal', { params: { run_id: runId }, query: { after } });
    for (const step of page.steps) steps.set(`${step.name}#${step.ordinal}`, step);
    after = page.next;
  } while (!page.is_end);
  // What is written in a way that is not known here would be read as something else.
  if (page.format > JOURNAL_FORMAT) {
    const why = `this worker knows journals up to format ${JOURNAL_FORMAT}; the run's is ${page.format}`;
    throw new RunFailed(why, { retry: true });
  }
  const { seed, started_at: startedAt, resumed_epoch: epoch } = page;
  const resumed = resume === null || epoch === null ? null : { ...resume, epoch };
  return {
    runId,
    seed,
    startedAt: new Date(startedAt),
    steps: [...steps.values()].toSorted((one, other) => one.seq - other.seq),
    resumed,
    write: createJournalWriter({ client, runId, signal }),
  };
}
