import type { runEventsStream, timelineEvents } from '@sagewai/wire';
import type { Static, TSchema } from 'typebox';

import { readFailure, SagewaiError, unreachable } from './error.ts';
import { pause } from './pause.ts';
import { readEvents } from './read-events.ts';
import { retryDelayMs } from './retry.ts';
import { type Open, type Opened, type Outgoing, readWhole } from './send.ts';

type EventsOf<Schemas> = {
  [Name in keyof Schemas]: {
    /** Where `lastEventId` goes on. */
    readonly id: string;
    readonly event: Name;
    readonly data: Schemas[Name] extends TSchema ? Static<Schemas[Name]> : never;
  };
}[keyof Schemas];

/** What each stream says, by the id of its endpoint. */
export interface StreamEvents {
  'runs.streamTimeline': EventsOf<typeof timelineEvents>;
  'runs.streamRunEvents': EventsOf<typeof runEventsStream>;
}

export interface StreamOptions {
  readonly signal?: AbortSignal;
  readonly headers?: Readonly<Record<string, string>>;
  /** Goes on after the event with this id. */
  readonly lastEventId?: string;
  /** Tries in a row that may bring nothing. */
  readonly attemptsMax?: number;
}

const ATTEMPTS_MAX = 20;
/** Servers say something each 15 seconds; who says nothing for as long as this is gone. */
const SILENCE_MS = 60_000;
const END = 'end';

/**
 * Server-sent events to the `end`, each once and in order: a connection that breaks off is opened again with the last
 * id, at whichever server answers.
 */
export async function* streamEvents(
  open: Open,
  requestNow: () => Omit<Outgoing, 'signal'>,
  options: Omit<StreamOptions, 'headers'>,
): AsyncGenerator<{ id: string; event: string; data: unknown }, void, undefined> {
  const { signal, attemptsMax = ATTEMPTS_MAX } = options;
  let lastId = options.lastEventId ?? '';
  for (let attempt = 1; ; attempt += 1) {
    const request = requestNow();
    const silence = createSilence(signal);
    try {
      const headers = { ...request.headers, ...(lastId === '' ? {} : { 'last-event-id': lastId }) };
      const answer = await open({ ...request, headers, signal: silence.signal });
      if (answer.status === 204) return;
      if (answer.status !== 200) throw readFailure(request.url, await readWhole(answer));
      for await (const { id, event, data } of readEvents(silence.heard(answer.body))) {
        yield { id, event, data: JSON.parse(data) as unknown };
        lastId = id;
        attempt = 0;
        if (event === END) return;
      }
    } catch (thrown) {
      if (signal?.aborted) throw signal.reason;
      const failure = thrown instanceof SagewaiError ? thrown : unreachable(request.url, thrown);
      if (!failure.retryable || attempt >= attemptsMax) throw failure;
    } finally {
      silence.end();
    }
    if (attempt >= attemptsMax) throw unreachable(request.url, undefined);
    await pause(retryDelayMs(Math.max(1, attempt), null, Math.random()), signal);
  }
}

interface Silence {
  readonly signal: AbortSignal;
  readonly heard: (body: Opened['body']) => Opened['body'];
  readonly end: () => void;
}

/** Ends what says nothing for too long. */
function createSilence(signal: AbortSignal | undefined): Silence {
  const silent = new AbortController();
  const abort = (): void => silent.abort(new DOMException('nothing was heard', 'TimeoutError'));
  let timer = setTimeout(abort, SILENCE_MS);
  return {
    signal: signal ? AbortSignal.any([silent.signal, signal]) : silent.signal,
    heard: async function* heard(body) {
      for await (const piece of body) {
        clearTimeout(timer);
        timer = setTimeout(abort, SILENCE_MS);
        yield piece;
      }
    },
    end: () => clearTimeout(timer),
  };
}
