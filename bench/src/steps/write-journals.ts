import { type Api, createApi } from '../common/api.ts';
import type { Server } from '../common/server.ts';
import { openFleet } from '../fleet/our-fleet.ts';
import { MODEL, POOL } from '../fleet/our-fleet.ts';

interface Held {
  readonly run_id: string;
  readonly run_token: string;
}

export interface Journals {
  readonly runIds: readonly string[];
  /** Writes so many more steps to each run, and waits until they are there to stay. */
  add(steps: number): Promise<void>;
  /** Each run writes `together` steps, waits until they are there to stay, and writes the next; steps a second. */
  write(of: { readonly together: number; readonly ms: number }): Promise<number>;
}

/** Runs under their leases, which journal as workers do. */
export async function openJournals(
  server: Server,
  runs: number,
): Promise<Journals & Pick<Api, 'close'>> {
  const fleet = await openFleet(server);
  const api = createApi(server.url, server.administrator);
  await fleet.submit(runs, {
    pool: POOL,
    model: MODEL,
    payload: { workflow: 'bench', input: null },
  });
  const { token } = (await api.post(
    '/api/v1/fleet/register',
    { name: 'journals', pool: POOL, models: [MODEL], max_concurrent: runs },
    { 'x-enrollment-key': fleet.enrollmentKey },
  )) as { token: string };
  const { leases } = (await api.post(
    '/api/v1/fleet/claim',
    { slots: runs, poll_timeout: 10 },
    { authorization: `Bearer ${token}` },
  )) as { leases: Held[] };
  if (leases.length < runs) throw new Error(`${leases.length} of ${runs} runs were given`);
  const ordinals = new Map(leases.map(({ run_id }) => [run_id, 0]));

  async function writeOne({ run_id, run_token }: Held, together: number): Promise<void> {
    const at = new Date().toISOString();
    const from = ordinals.get(run_id) ?? 0;
    ordinals.set(run_id, from + together);
    const steps = Array.from({ length: together }, (_, more) => ({
      name: 'step',
      ordinal: from + more,
      kind: 'step',
      state: 'completed',
      started_at: at,
      ended_at: at,
      tries: 1,
      result: { answer: 'what a short step answers', n: from + more },
    }));
    const path = `/api/v1/runs/${run_id}/journal`;
    await api.post(path, { steps }, { authorization: `Bearer ${run_token}` });
  }

  return {
    runIds: leases.map(({ run_id: id }) => id),
    close: () => api.close(),
    add: async (steps) => {
      await Promise.all(leases.map((held) => writeOne(held, steps)));
    },
    write: async ({ together, ms }) => {
      const begunMs = performance.now();
      let written = 0;
      await Promise.all(
        leases.map(async (held) => {
          while (performance.now() - begunMs < ms) {
            await writeOne(held, together);
            written += together;
          }
        }),
      );
      return written / ((performance.now() - begunMs) / 1_000);
    },
  };
}
