import { createApi } from '../common/api.ts';
import type { Bench } from '../common/bench.ts';
import type { Server } from '../common/server.ts';
import { percentile } from '../common/statistics.ts';
import { fillSpend } from '../request-log/fill-spend.ts';
import { withDatabase } from './all-scopes.ts';

const DAYS = 40;
const KEYS = 500;
const WARM = 3;

/** Books calls of forty days and adds them to the sums, as the job of a server does with what was booked. */
export async function bookRows(bench: Bench, { postgres }: Server, rows: number): Promise<void> {
  await fillSpend(postgres.adminUrl, { rows, days: DAYS, keys: KEYS });
  bench.say('Adding them to the sums of their days …');
  await withDatabase(postgres.adminUrl, async (client) => {
    await client.query('select ledger_fold(org_id) from (select distinct org_id from spend) o');
    await client.query('vacuum analyze spend_daily');
  });
}

/** How long a report of each kind takes, over HTTP. */
export async function timeReports(
  { url, administrator }: Server,
  { by, times }: { readonly by: string; readonly times: number },
): Promise<{ p50: number; p99: number; calls: number }> {
  const api = createApi(url, { ...administrator, 'x-organization': 'default' });
  const taken: number[] = [];
  let calls = 0;
  try {
    for (let n = 0; n < WARM + times; n += 1) {
      const begunMs = performance.now();
      const report = await api.get(`/api/v1/spend/report?group_by=${by}`);
      if (n >= WARM) taken.push(performance.now() - begunMs);
      ({ calls } = (report as { totals: { calls: number } }).totals);
    }
  } finally {
    await api.close();
  }
  return { p50: percentile(taken, 0.5), p99: percentile(taken, 0.99), calls };
}
