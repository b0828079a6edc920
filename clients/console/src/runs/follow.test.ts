import { SagewaiError } from '@sagewai/sdk';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { createStore } from '../store.ts';
import { BEAT_MS, FIRST_WORD_MS, follow, type Follower, type Growing } from './follow.ts';

interface Counted {
  readonly seen: readonly number[];
  readonly isEnd: boolean;
}

const LAST = 5;
const add = ({ seen }: Counted, events: readonly number[]): Counted => ({
  seen: [...seen, ...events],
  isEnd: events.includes(LAST),
});
const sizeOf = ({ seen }: Counted): number => seen.length;
const nextOf = ({ seen }: Counted): number => (seen.at(-1) ?? 0) + 1;
const unreachable = (): SagewaiError =>
  new SagewaiError({
    status: 0,
    code: 'unreachable',
    detail: 'nobody is there',
    requestId: null,
    retryable: true,
    mistakes: [],
    retryAfterMs: null,
  });

/** Asks are counted; each brings one more. */
function counting(
  hear: Growing<Counted, number>['hear'],
  speaksFirst = true,
): { growing: Growing<Counted, number>; asked: () => number } {
  let asked = 0;
  const read = async (state: Counted): Promise<Counted> => {
    asked += 1;
    return add(state, [nextOf(state)]);
  };
  return { growing: { read, hear, add, sizeOf, speaksFirst }, asked: () => asked };
}

function following(signal = new AbortController().signal): Follower<Counted> & {
  readonly puts: readonly Counted[];
} {
  const kept = createStore<Counted>({ seen: [], isEnd: false });
  const puts: Counted[] = [];
  return {
    get: () => kept.get(),
    put: (state) => {
      puts.push(state);
      kept.set(state);
    },
    arrive: createStore(true),
    signal,
    puts,
  };
}

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

async function until(done: Promise<void>, msMax: number): Promise<void> {
  await vi.advanceTimersByTimeAsync(msMax);
  await done;
}

test('what comes within a beat is shown at once, and nothing is asked for', async () => {
  const { growing, asked } = counting(async function* all() {
    yield* [1, 2, 3, 4, LAST];
  });
  const follower = following();
  await until(follow(growing, follower), 10 * BEAT_MS);
  expect(follower.puts).toEqual([{ seen: [1, 2, 3, 4, 5], isEnd: true }]);
  expect(asked()).toBe(0);
});

test('what is long is shown less often', async () => {
  const stop = new AbortController();
  const { growing } = counting(async function* many(_, signal) {
    yield* Array.from({ length: 10_000 }, () => 0);
    await new Promise((resolve) => setTimeout(resolve, 2 * BEAT_MS));
    yield 1;
    await new Promise((resolve) => signal.addEventListener('abort', resolve));
  });
  const follower = following(stop.signal);
  const done = follow(growing, follower);
  await vi.advanceTimersByTimeAsync(4 * BEAT_MS);
  expect(follower.puts).toHaveLength(1);
  await vi.advanceTimersByTimeAsync(4 * BEAT_MS);
  expect(follower.get().seen.at(-1)).toBe(1);
  stop.abort();
  await until(done, 1_000);
});

test('after a broken stream it goes on where the state ended, each event once', async () => {
  const begun: number[] = [];
  const { growing, asked } = counting(async function* breaking(state) {
    begun.push(nextOf(state));
    for (let next = nextOf(state); next <= LAST; next += 1) {
      yield next;
      if (next === 3) throw unreachable();
    }
  });
  const follower = following();
  await until(follow(growing, follower), 10_000);
  expect(begun).toEqual([1, 4]);
  expect(follower.get()).toEqual({ seen: [1, 2, 3, 4, 5], isEnd: true });
  expect(follower.arrive.get()).toBe(true);
  expect(asked()).toBe(0);
});

test('where a stream is kept back, it is asked for instead, once and for all', async () => {
  let opened = 0;
  const { growing, asked } = counting(async function* silent(_, signal) {
    opened += 1;
    await new Promise((resolve) => signal.addEventListener('abort', resolve));
    signal.throwIfAborted();
    yield 0;
  });
  const follower = following();
  const done = follow(growing, follower);
  await vi.advanceTimersByTimeAsync(FIRST_WORD_MS - 1);
  expect(asked()).toBe(0);
  await until(done, 10_000);
  expect(opened).toBe(1);
  expect(asked()).toBe(LAST);
  expect(follower.arrive.get()).toBe(false);
});

test.each([
  ['need not speak first', false, []],
  ['has spoken', true, [1]],
])('one that %s may be silent for as long as it likes', async (_, speaksFirst, said) => {
  const stop = new AbortController();
  const { growing, asked } = counting(async function* silent(_state, signal) {
    yield* said;
    await new Promise((resolve) => signal.addEventListener('abort', resolve));
  }, speaksFirst);
  const follower = following(stop.signal);
  const done = follow(growing, follower);
  await vi.advanceTimersByTimeAsync(100 * FIRST_WORD_MS);
  expect(follower.get().seen).toEqual(said);
  expect(follower.arrive.get()).toBe(true);
  stop.abort();
  await until(done, 1_000);
  expect(asked()).toBe(0);
});

test('nothing is shown after the signal', async () => {
  const stop = new AbortController();
  const { growing } = counting(async function* one() {
    yield 1;
    stop.abort();
    yield 2;
  });
  const follower = following(stop.signal);
  await until(follow(growing, follower), 1_000);
  expect(follower.puts).toEqual([]);
});
