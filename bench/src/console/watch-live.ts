import type { Page } from 'playwright-core';

import type { Bench } from '../common/bench.ts';
import { compare, type Figure, type Target } from '../common/figure.ts';
import type { Server } from '../common/server.ts';
import { median, percentile } from '../common/statistics.ts';
import { waitUntil } from '../common/wait-until.ts';
import { openJournals } from '../steps/write-journals.ts';

export interface LivePlan {
  /** Steps that the run has before it is looked at. */
  readonly steps: number;
  readonly liveSeconds: number;
  /** How long a live list is looked at. */
  readonly watchSeconds: number;
}

const EVENTS_PER_SECOND = 1_000;
const BEATS_PER_SECOND = 20;
const STEPS_A_REQUEST = 100;
const CLICKS_PER_SECOND = 2;
const MEGABYTE = 2 ** 20;
const RUNS_PER_SECOND = 5;
const WATERFALL = 'Waterfall of attempts, steps and model calls';

/** What the page notes of itself: its frames, and how long each press waited for it. */
const TAKE_NOTES = `(() => {
  const notes = { frames: [], delays: [] };
  globalThis.notes = notes;
  const frame = (at) => { notes.frames.push(at); requestAnimationFrame(frame); };
  requestAnimationFrame(frame);
  addEventListener('pointerdown', ({ timeStamp }) => notes.delays.push(performance.now() - timeStamp), true);
})()`;

interface Notes {
  readonly frames: readonly number[];
  readonly delays: readonly number[];
}

/** A run with many steps that has a thousand more a second, while somebody uses its page. */
export async function watchRun(
  bench: Bench,
  server: Server,
  page: Page,
  { steps, liveSeconds }: LivePlan,
): Promise<Figure[]> {
  const journals = await openJournals(server, 1);
  bench.teardown.defer('the journal', () => journals.close());
  bench.say(`A run of ${steps} steps, and ${EVENTS_PER_SECOND} more a second …`);
  for (let written = 0; written < steps; written += STEPS_A_REQUEST)
    await journals.add(STEPS_A_REQUEST);
  await page.keyboard.press('Control+k');
  await page.getByRole('combobox', { name: /run’s id/ }).fill(journals.runIds[0] ?? '');
  await page.keyboard.press('Enter');
  const bars = page.getByText(/^\d+ bars, /);
  const countOf = async (): Promise<number> =>
    Number.parseInt((await bars.textContent()) ?? '', 10);
  await bars.waitFor();
  await waitUntil(async () => (await countOf()) >= steps, {
    msMax: 60_000,
    otherwise: () => 'the steps are not there',
  });
  await page.evaluate(TAKE_NOTES);
  const places = await Promise.all(['Zoom in', 'Zoom out'].map((name) => placeOf(page, name)));
  let clicked = 0;
  const writing = writeSteadily((count) => journals.add(count), liveSeconds);
  for (const begunMs = performance.now(); performance.now() - begunMs < liveSeconds * 1_000;) {
    const { x, y } = places[clicked % places.length] ?? { x: 0, y: 0 };
    // Not by the button: that would wait until the page has time.
    await page.mouse.click(x, y);
    clicked += 1;
    await page.waitForTimeout(1_000 / CLICKS_PER_SECOND);
  }
  const written = await writing;
  const { frames, delays } = (await page.evaluate('globalThis.notes')) as Notes;
  await waitUntil(async () => (await countOf()) >= steps + written, {
    msMax: 30_000,
    otherwise: () => 'what was written is not shown',
  });
  await page.getByRole('region', { name: WATERFALL }).waitFor();
  const perSecond = framesBySecond(frames);
  const series = { bench: 'console' } as const;
  const of = (metric: string, unit: Figure['unit'], target: Target | null, value: number): Figure =>
    compare({ ...series, metric, unit, target }, [value], null);
  return [
    of('live.events', '1/s', null, written / liveSeconds),
    of('live.frames.median', '1/s', null, median(perSecond)),
    of(
      'live.frames.least',
      '1/s',
      { of: 'ours', bound: 'at least', value: 30 },
      Math.min(...perSecond),
    ),
    of('live.input_delay.p50', 'ms', null, percentile(delays, 0.5)),
    of(
      'live.input_delay.p95',
      'ms',
      { of: 'ours', bound: 'at most', value: 100 },
      percentile(delays, 0.95),
    ),
  ];
}

async function placeOf(page: Page, name: string): Promise<{ x: number; y: number }> {
  const box = await page.getByRole('button', { name }).boundingBox();
  if (box === null) throw new Error(`there is no button: ${name}`);
  return { x: box.x + box.width / 2, y: box.y + box.height / 2 };
}

/** How many were written; a server that is slower than that is not overtaken. */
async function writeSteadily(
  add: (steps: number) => Promise<void>,
  seconds: number,
): Promise<number> {
  const begunMs = performance.now();
  const each = EVENTS_PER_SECOND / BEATS_PER_SECOND;
  let written = 0;
  for (;;) {
    const elapsedMs = performance.now() - begunMs;
    if (elapsedMs > seconds * 1_000) return written;
    const dueMs = (written / EVENTS_PER_SECOND) * 1_000;
    if (dueMs > elapsedMs) await new Promise((resolve) => setTimeout(resolve, dueMs - elapsedMs));
    await add(each);
    written += each;
  }
}

/** Of each whole second. */
function framesBySecond(frames: readonly number[]): readonly number[] {
  const [first = 0] = frames;
  const seconds = Map.groupBy(frames, (at) => Math.floor((at - first) / 1_000));
  const counts = [...seconds.values()].map((of) => of.length);
  return counts.slice(0, -1);
}

/** What a page keeps that has shown live lists for a while, beyond what it kept when it had just shown them. */
export async function watchList(
  bench: Bench,
  page: Page,
  submit: () => Promise<unknown>,
  { watchSeconds }: LivePlan,
): Promise<Figure[]> {
  bench.say(`Looking at live lists for ${watchSeconds} s …`);
  const session = await page.context().newCDPSession(page);
  const heapBytes = async (): Promise<number> => {
    await session.send('HeapProfiler.collectGarbage');
    return (await session.send('Runtime.getHeapUsage')).usedSize;
  };
  const look = async (seconds: number): Promise<void> => {
    for (const begunMs = performance.now(); performance.now() - begunMs < seconds * 1_000;) {
      await submit();
      await page.waitForTimeout(1_000 / RUNS_PER_SECOND);
    }
  };
  await look(watchSeconds / 4);
  const before = await heapBytes();
  await look(watchSeconds);
  const after = await heapBytes();
  const series = { bench: 'console', unit: 'MB' } as const;
  return [
    compare({ ...series, metric: 'live.heap', target: null }, [after / MEGABYTE], null),
    compare(
      { ...series, metric: 'live.heap_growth', target: { of: 'ours', bound: 'at most', value: 5 } },
      [Math.max(0, after - before) / MEGABYTE],
      null,
    ),
  ];
}
