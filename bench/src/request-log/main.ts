/** `npm run bench:request-log`: pages of the request log of a million calls, by each filter. */
import { bookRows } from '../admission/time-reports.ts';
import { type Api, createApi } from '../common/api.ts';
import { type Bench, type Result, runBench } from '../common/bench.ts';
import { compare, type Figure } from '../common/figure.ts';
import { startServer } from '../common/server.ts';
import { percentile } from '../common/statistics.ts';

const PLAN = {
  quick: { rows: 100_000, pages: 20 },
  full: { rows: 1_000_000, pages: 100 },
};
const DAYS = 40;
const TARGET_MS = 100;

interface Page {
  readonly spend: readonly unknown[];
  readonly next_cursor: string | null;
}

async function measure(bench: Bench): Promise<Result> {
  const plan = bench.options.quick ? PLAN.quick : PLAN.full;
  const server = await startServer(bench, 'sagewai');
  const api = createApi(server.url, { ...server.administrator, 'x-organization': 'default' });
  // Makes the project, if there is none.
  await api.post('/api/v1/keys', { name: 'bench' });
  bench.say(`Booking ${plan.rows} calls of ${DAYS} days …`);
  await bookRows(bench, server, plan.rows);

  bench.say('Reading pages of a hundred calls, by each filter …');
  const ago = (days: number): string => new Date(Date.now() - days * 86_400_000).toISOString();
  const filters = {
    newest: '',
    model: '&model=m7',
    rare_model: '&model=rare',
    no_such_model: '&model=none',
    session: '&session=s100',
    failed: '&status=error',
    month_ago: `&since=${ago(31)}&until=${ago(30)}`,
    tag_and_agent: '&tag=t3&agent=agent%203',
  };
  const target = { of: 'ours', bound: 'at most', value: TARGET_MS } as const;
  const figures: Figure[] = [];
  for (const [name, filter] of Object.entries(filters)) {
    await timesOf(api, filter, 5);
    const taken = await timesOf(api, filter, plan.pages);
    const series = { bench: 'request-log', unit: 'ms', target } as const;
    const [p50, p99] = [percentile(taken, 0.5), percentile(taken, 0.99)];
    figures.push(compare({ ...series, metric: `page.${name}.p50`, target: null }, [p50], null));
    figures.push(compare({ ...series, metric: `page.${name}.p99` }, [p99], null));
  }
  await api.close();
  bench.note(
    `One after the other over HTTP, each page where the one before ended; ${plan.rows} calls of one organization.`,
  );
  return { figures, isSound: true };
}

/** Of pages that follow each other; after the last one it begins again. */
async function timesOf(api: Api, filter: string, pages: number): Promise<number[]> {
  const taken: number[] = [];
  let cursor: string | null = null;
  for (let page = 0; page < pages; page += 1) {
    const from: string = cursor === null ? '' : `&cursor=${cursor}`;
    const begunMs = performance.now();
    const read = (await api.get(`/api/v1/spend?limit=100${filter}${from}`)) as Page;
    taken.push(performance.now() - begunMs);
    cursor = read.next_cursor;
  }
  return taken;
}

await runBench('request-log', { args: process.argv.slice(2), env: process.env }, measure);
