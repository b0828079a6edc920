import { call } from '../api/server.ts';
import type { Call } from './sum-up.ts';

const PAGE = 1_000;
/** What a browser sums up without anybody waiting for it. */
export const CALLS_MAX = 5_000;

export interface ReadCalls {
  readonly calls: readonly Call[];
  readonly sinceMs: number;
  readonly untilMs: number;
  /** There are more: these are the newest, and the time begins with the oldest of them. */
  readonly isCut: boolean;
}

/** The newest calls of so many hours. */
export async function readCalls(
  { hours, project }: { readonly hours: number; readonly project: string | null },
  signal: AbortSignal,
): Promise<ReadCalls> {
  const untilMs = Date.now();
  const wantedMs = untilMs - hours * 3_600_000;
  const calls: Call[] = [];
  let cursor: string | null = null;
  do {
    const page: Awaited<ReturnType<typeof readPage>> = await readPage(
      { since: new Date(wantedMs).toISOString(), project, cursor },
      signal,
    );
    calls.push(...page.spend);
    cursor = page.next_cursor;
  } while (cursor !== null && calls.length < CALLS_MAX);
  const oldestMs = Date.parse(calls.at(-1)?.started_at ?? '');
  const isCut = cursor !== null;
  return { calls, untilMs, isCut, sinceMs: isCut ? Math.max(wantedMs, oldestMs) : wantedMs };
}

// oxlint-disable-next-line typescript/explicit-function-return-type -- it is that of the endpoint
const readPage = (
  of: { readonly since: string; readonly project: string | null; readonly cursor: string | null },
  signal: AbortSignal,
) => {
  const { since, project, cursor } = of;
  const query = {
    since,
    limit: PAGE,
    ...(project === null ? {} : { project_id: project }),
    ...(cursor === null ? {} : { cursor }),
  };
  return call('ledger.listSpend', { query }, { signal });
};
