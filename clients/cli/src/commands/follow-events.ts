import type { CallOutput } from '@sagewai/sdk';

import type { Context } from '../context.ts';

type Page = CallOutput<'runs.listRunEvents'>;
export type RunEvent = Page['events'][number];

const WAIT_MS = 30_000;
const PAGE_MAX = 1_000;
const ATTEMPTS_MAX = 20;

export interface FollowOptions {
  readonly after: number;
  /** Goes on until the run has ended; else to what has been said so far. */
  readonly follow: boolean;
  readonly onEvent: (event: RunEvent) => void;
  readonly signal?: AbortSignal;
}

/**
 * What a run says, each event once and in order: the cursor is ours, so a server that restarts, or another
 * one that answers, goes on where the last answer ended. Returns the last page.
 */
export async function followEvents(
  { client }: Pick<Context, 'client'>,
  id: string,
  { after, follow, onEvent, signal }: FollowOptions,
): Promise<Page> {
  let cursor = after;
  let attemptsMax = 1;
  for (;;) {
    const query = { after: cursor, limit: PAGE_MAX, ...(follow ? { wait_ms: WAIT_MS } : {}) };
    const options = { timeoutMs: WAIT_MS + 10_000, attemptsMax, ...(signal ? { signal } : {}) };
    const page = await client.call(
      'runs.listRunEvents',
      { params: { run_id: id }, query },
      options,
    );
    for (const event of page.events) onEvent(event);
    cursor = page.next;
    // A server that has answered before and is away now restarts.
    attemptsMax = ATTEMPTS_MAX;
    if (page.is_end || (!follow && page.events.length < PAGE_MAX)) return page;
  }
}

/** An event as a line for people. */
export function showEvent(event: RunEvent): string[] {
  const { left_out_before: leftOut } = event;
  const gap = leftOut > 0 ? [`… ${leftOut} left out: the run said too much at once`] : [];
  return [...gap, `${event.at.slice(11, 23)} ${bodyOf(event)}`];
}

function bodyOf({ kind, level, text, fraction, data }: RunEvent): string {
  if (kind === 'progress') return showProgress({ fraction, text });
  if (kind === 'custom') {
    const told = data === null || data === undefined ? '' : ` ${JSON.stringify(data)}`;
    return `[${text ?? 'event'}]${told}`;
  }
  const mark = level === null || level === 'info' ? '' : `${level}: `;
  return `${mark}${text ?? ''}`;
}

export function showProgress(of: Pick<RunEvent, 'fraction' | 'text'>): string {
  const percent = of.fraction === null ? '…' : `${Math.floor(of.fraction * 100)}%`;
  return of.text ? `${percent} ${of.text}` : percent;
}
