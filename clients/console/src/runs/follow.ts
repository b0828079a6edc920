import { SagewaiError } from '@sagewai/sdk';

/** What grows at the server, and how more of it is had. */
export interface Growing<State extends { readonly isEnd: boolean }, Event> {
  /** Asks once; answers as soon as there is more. */
  readonly read: (state: State, signal: AbortSignal) => Promise<State>;
  /** Is told while it happens, from where the state ends. */
  readonly hear: (state: State, signal: AbortSignal) => AsyncIterable<Event>;
  /** The state with these. */
  readonly add: (state: State, events: readonly Event[]) => State;
  /** How many things there are to draw: what is long is drawn less often. */
  readonly sizeOf: (state: State) => number;
  /** The server begins with a word at once: who hears none is behind something that keeps streams back. */
  readonly speaksFirst: boolean;
}

/** Where the state is kept, and what is known of the way to the server. */
export interface Follower<State> {
  readonly get: () => State;
  readonly put: (state: State) => void;
  /** Whether streams arrive here; each that did not says so to all. */
  readonly arrive: { get(): boolean; set(doThey: boolean): void };
  readonly signal: AbortSignal;
}

/** How often what was heard is shown, so that a thousand events a second are ten pictures, */
export const BEAT_MS = 100;
/** and how often where drawing all of it takes part of that time. */
const BEAT_MS_MAX = 1_000;
const THINGS_PER_MS = 20;
export const FIRST_WORD_MS = 5_000;
const POLL_PAUSE_MS = 400;
const AFTER_FAILURE_MS = 1_500;

/**
 * Until the end, or until the signal: by a stream, which goes on where the state ends after whatever broke it, and by
 * long polls where streams do not arrive.
 */
export async function follow<State extends { readonly isEnd: boolean }, Event>(
  growing: Growing<State, Event>,
  follower: Follower<State>,
): Promise<void> {
  const { signal, arrive } = follower;
  while (!signal.aborted && !follower.get().isEnd) {
    const pauseMs = arrive.get()
      ? await listen(growing, follower)
      : await askOnce(growing, follower);
    await pause(pauseMs, signal);
  }
}

/** How long to wait before it is tried again. */
async function listen<State extends { readonly isEnd: boolean }, Event>(
  { hear, add, sizeOf, speaksFirst }: Growing<State, Event>,
  follower: Follower<State>,
): Promise<number> {
  const silent = new AbortController();
  const waiting = speaksFirst ? setTimeout(() => silent.abort(), FIRST_WORD_MS) : undefined;
  let heard: Event[] = [];
  let beat: ReturnType<typeof setTimeout> | undefined;
  const show = (): void => {
    beat = undefined;
    if (heard.length > 0 && !follower.signal.aborted) follower.put(add(follower.get(), heard));
    heard = [];
  };
  try {
    const signal = AbortSignal.any([follower.signal, silent.signal]);
    for await (const event of hear(follower.get(), signal)) {
      clearTimeout(waiting);
      heard.push(event);
      beat ??= setTimeout(show, beatMs(sizeOf(follower.get())));
    }
  } catch (thrown) {
    if (follower.signal.aborted) return 0;
    const isLost = thrown instanceof SagewaiError && thrown.retryable;
    // Nobody is away: something cannot stream, or keeps streams back.
    if (!isLost) follower.arrive.set(false);
    return isLost ? AFTER_FAILURE_MS : 0;
  } finally {
    clearTimeout(waiting);
    clearTimeout(beat);
    show();
  }
  return POLL_PAUSE_MS;
}

const beatMs = (size: number): number =>
  Math.min(BEAT_MS_MAX, Math.max(BEAT_MS, size / THINGS_PER_MS));

async function askOnce<State extends { readonly isEnd: boolean }, Event>(
  { read }: Growing<State, Event>,
  { get, put, signal }: Follower<State>,
): Promise<number> {
  const next = await read(get(), signal).catch(() => null);
  if (next === null) return AFTER_FAILURE_MS;
  if (!signal.aborted) put(next);
  return POLL_PAUSE_MS;
}

/** Or until the signal. */
function pause(ms: number, signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, ms);
  signal.addEventListener('abort', () => resolve(), { once: true });
  if (signal.aborted) resolve();
  return promise.finally(() => {
    clearTimeout(timer);
  });
}
