/** `npm run bench:console`: how long people wait for the console, with a hundred thousand runs and a million calls. */
import { ensureConsole } from '@sagewai/console/build';
import { type BrowserContext, chromium, type Page } from 'playwright-core';

import { createApi } from '../common/api.ts';
import { type Bench, type Result, runBench } from '../common/bench.ts';
import { compare, type Figure, type Target } from '../common/figure.ts';
import { type Server, startServer } from '../common/server.ts';
import { percentile } from '../common/statistics.ts';
import { fillSpend } from '../request-log/fill-spend.ts';
import { CHANGE_ROUTE, SCROLL_ON } from './in-page.ts';
import { watchList, watchRun } from './watch-live.ts';

const PLAN = {
  quick: {
    runs: 10_000,
    calls: 100_000,
    opens: 3,
    rounds: 1,
    pages: 10,
    live: { steps: 20_000, liveSeconds: 10, watchSeconds: 20 },
  },
  full: {
    runs: 100_000,
    calls: 1_000_000,
    opens: 9,
    rounds: 5,
    pages: 40,
    live: { steps: 20_000, liveSeconds: 30, watchSeconds: 120 },
  },
};
const HOUR_SECONDS = 3_600;
const HOUR_LIMIT_MS = 90 * 60_000;
const CHROMIUM = '/usr/bin/chromium';
const RUNS_A_BATCH = 500;
const SUBMISSION = {
  model: 'm1',
  payload: { agent: { name: 'bench', model: 'm1' }, message: 'hello' },
};
const PAGES = ['Runs', 'Workers', 'Queues', 'Models', 'Requests', 'Keys', 'Budgets', 'Audit log'];

const atMost = (value: number): Target => ({ of: 'ours', bound: 'at most', value });

async function measure(bench: Bench): Promise<Result> {
  const plan = bench.options.quick ? PLAN.quick : PLAN.full;
  const live = { ...plan.live, ...(bench.options.isHour ? { watchSeconds: HOUR_SECONDS } : {}) };
  const server = await startServer(bench, 'sagewai', [], { CONSOLE_DIR: await ensureConsole() });
  await fill(bench, server, plan);
  const browser = await chromium.launch({
    executablePath: CHROMIUM,
    args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking'],
  });
  bench.teardown.defer('the browser', () => browser.close());

  bench.say('Opening it, with nothing kept from before …');
  const opens: number[] = [];
  for (let each = 0; each < plan.opens; each += 1) {
    const context = await browser.newContext();
    opens.push((await open(context, server)).ms);
    await context.close();
  }
  const context = await browser.newContext({ viewport: { width: 1280, height: 820 } });
  const { page } = await open(context, server);
  await signIn(page, server);

  bench.say('Going from page to page …');
  const changes: number[] = [];
  for (let round = 0; round <= plan.rounds; round += 1) {
    for (const name of PAGES) {
      const ms = await timed(page, CHANGE_ROUTE, name);
      // The first time a page's code is fetched, which is another question.
      if (round > 0) changes.push(ms);
    }
  }
  bench.say('Paging through runs and calls …');
  await timed(page, CHANGE_ROUTE, 'Runs');
  await page.locator('[role="table"] [aria-rowindex="2"]').waitFor();
  const runs = await repeat(plan.pages, () => timed(page, SCROLL_ON, 'more runs'));
  await timed(page, CHANGE_ROUTE, 'Requests');
  await page.locator('main table [aria-rowindex="2"]').waitFor();
  const calls = await repeat(plan.pages, () => timed(page, SCROLL_ON, 'more calls'));
  const api = createApi(server.url, { ...server.administrator, 'x-organization': 'default' });
  bench.teardown.defer('the connections to our server', () => api.close());
  await timed(page, CHANGE_ROUTE, 'Runs');
  const submit = (): Promise<unknown> => api.post('/api/v1/runs', SUBMISSION);
  const lists = await watchList(bench, page, submit, live);
  const ofRun = await watchRun(bench, server, page, live);
  bench.note(
    `${plan.runs} runs and ${plan.calls} calls of one organization; Chromium without a graphics card, on the machine of the server.`,
  );
  return {
    figures: [
      ...figuresOf('interactive', opens, 1_500),
      ...figuresOf('route_change', changes, 150),
      ...figuresOf('page_of_runs', runs, 200),
      ...figuresOf('page_of_requests', calls, 200),
      ...lists,
      ...ofRun,
    ],
    isSound: true,
  };
}

async function fill(
  bench: Bench,
  server: Server,
  plan: { readonly runs: number; readonly calls: number },
): Promise<void> {
  bench.say(`Submitting ${plan.runs} runs and booking ${plan.calls} calls …`);
  const api = createApi(server.url, { ...server.administrator, 'x-organization': 'default' });
  await api.post('/api/v1/keys', { name: 'bench' });
  const tasks = Array.from({ length: RUNS_A_BATCH }, () => SUBMISSION);
  for (let runs = 0; runs < plan.runs; runs += RUNS_A_BATCH)
    await api.post('/api/v1/fleet/tasks/batch', { tasks });
  await api.close();
  await fillSpend(server.postgres.adminUrl, { rows: plan.calls, days: 40, keys: 500 });
}

/** Until the form takes what is typed. */
async function open(context: BrowserContext, server: Server): Promise<{ page: Page; ms: number }> {
  const page = await context.newPage();
  const begunMs = performance.now();
  await page.goto(`${server.url}/`, { waitUntil: 'commit' });
  await page.getByRole('tab', { name: 'Token' }).click();
  await page.getByLabel('Access token').fill('typed');
  return { page, ms: performance.now() - begunMs };
}

async function signIn(page: Page, server: Server): Promise<void> {
  const token = server.administrator['authorization']?.replace('Bearer ', '') ?? '';
  await page.getByLabel('Access token').fill(token);
  await page.getByRole('button', { name: 'Continue' }).click();
  await page.getByRole('heading', { name: 'Overview' }).waitFor();
}

async function timed(page: Page, script: string, name: string): Promise<number> {
  return Number(await page.evaluate(`(${script})(${JSON.stringify(name)})`));
}

async function repeat(times: number, work: () => Promise<number>): Promise<number[]> {
  const taken: number[] = [];
  for (let each = 0; each < times; each += 1) taken.push(await work());
  return taken;
}

function figuresOf(metric: string, values: readonly number[], msMax: number): Figure[] {
  const series = { bench: 'console', unit: 'ms' } as const;
  const of = (name: string, part: number, target: Target | null): Figure =>
    compare({ ...series, metric: `${metric}.${name}`, target }, [percentile(values, part)], null);
  return [of('p50', 0.5, atMost(msMax)), of('p95', 0.95, null)];
}

await runBench(
  'console',
  {
    args: process.argv.slice(2),
    env: process.env,
    own: ['--hour'],
    ...(process.argv.includes('--hour') ? { limitMs: HOUR_LIMIT_MS } : {}),
  },
  measure,
);
