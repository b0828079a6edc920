import type { CallOutput, SagewaiClient } from '@sagewai/sdk';

export type Child = CallOutput<'runs.listChildren'>['children'][number];

/** All runs under a run, by their ids; `after` leaves out those up to one. */
export async function listChildren(
  client: SagewaiClient,
  runId: string,
  after: string | null = null,
): Promise<Map<string, Child>> {
  const known = new Map<string, Child>();
  let cursor = after;
  do {
    const page: CallOutput<'runs.listChildren'> = await client.call('runs.listChildren', {
      params: { run_id: runId },
      query: cursor === null ? {} : { cursor },
    });
    for (const child of page.children) known.set(child.id, child);
    cursor = page.next_cursor;
  } while (cursor !== null);
  return known;
}
