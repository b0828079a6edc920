/**
 * Watches a stream of server-sent events go by, without touching it.
 *
 * Bytes come in as the network cut them and go out as whole events, the same bytes in the same
 * order. Three things are looked for: the usage that a provider reports, the events that end the
 * stream, and how much has been said in case no usage ever comes. Almost every event is passed on
 * after two searches for a byte pattern; only one that can hold a usage is parsed.
 *
 * T1. What goes out is what came in, minus the usage events that only we asked for (M5).
 * T2. Nothing that ends the stream goes out before it is released: the terminator, what follows it,
 *     and a usage event directly ahead of it are kept in `held` (M2).
 * T3. What is kept back is bounded by `eventBytesMax`: a line that never ends is a broken provider.
 *
 * A blank line ends an event; a line ends with LF or CRLF. `#line` tells what the present line has
 * so far, because either of the two can be the first byte of the next chunk.
 */

import { readUsage, type Usage } from '../money/usage.ts';

const LF = 0x0a;
const CR = 0x0d;
const LETTER_D = 0x64;
const NOTHING = Buffer.alloc(0);

// Inside a JSON string the closing quote would be escaped, so this can only end a name or a string
// that is exactly that; a candidate is then parsed.
const TOKENS = Buffer.from('_tokens"');
const DONE = Buffer.from('[DONE]');

export interface TapOptions {
  readonly removeUsage: boolean;
  readonly eventBytesMax: number;
}

export class StreamTap {
  /** The last usage reported; the later ones of a stream include the earlier. */
  usage: Usage | undefined;
  /** The terminator has been seen: nothing of interest can follow. */
  isDone = false;
  isTooLong = false;
  readonly #options: TapOptions;
  readonly #out: Buffer[] = [];
  #held: Buffer[] = [];
  #heldBytes = 0;
  /** The beginning of an event whose end has not arrived. */
  #tail: Buffer[] = [];
  #tailBytes = 0;
  #line: 'empty' | 'cr' | 'content' = 'empty';
  #events = 0;
  #eventBytes = 0;
  #eventBytesMin = Infinity;

  constructor(options: TapOptions) {
    this.#options = options;
  }

  /** Takes what arrived and returns what may go out now; empty when nothing may. */
  push(chunk: Buffer): Buffer {
    const isPlain = !chunk.includes(TOKENS) && !chunk.includes(DONE);
    let eventStart = 0;
    let passFrom = 0;
    let lineStart = 0;
    for (let at = chunk.indexOf(LF); at !== -1; at = chunk.indexOf(LF, lineStart)) {
      const isBlank = this.#isBlankLine(chunk, lineStart, at);
      lineStart = at + 1;
      this.#line = 'empty';
      if (!isBlank) continue;
      if (this.#tailBytes > 0) {
        this.#take(this.#withTail(chunk.subarray(0, lineStart)));
        passFrom = lineStart;
      } else if (isPlain) {
        this.#count(chunk[eventStart], lineStart - eventStart);
      } else {
        this.#emit(chunk.subarray(passFrom, eventStart));
        this.#take(chunk.subarray(eventStart, lineStart));
        passFrom = lineStart;
      }
      eventStart = lineStart;
    }
    this.#emit(chunk.subarray(passFrom, eventStart));
    this.#keep(chunk, eventStart, lineStart);
    return this.#drain();
  }

  /** The stream ended; returns what may go out before `release`. */
  end(): Buffer {
    if (this.#tailBytes > 0) this.#take(this.#withTail(NOTHING));
    return this.#drain();
  }

  /** What was held, in order; for when the settlement is durable (T2). */
  release(): Buffer {
    const held = this.#held;
    this.#held = [];
    this.#heldBytes = 0;
    return join(held);
  }

  /** Whether anything came that is an event of such a stream. */
  get hasSpoken(): boolean {
    return this.isDone || this.#events > 0 || this.usage !== undefined;
  }

  /** How much has been said: bytes beyond the smallest event's, which is mostly envelope. */
  seen(): { outputBytes: number; outputChunks: number } {
    const envelopes = this.#events === 0 ? 0 : this.#events * this.#eventBytesMin;
    return { outputBytes: this.#eventBytes - envelopes, outputChunks: this.#events };
  }

  #isBlankLine(chunk: Buffer, start: number, end: number): boolean {
    if (this.#line === 'content') return false;
    if (this.#line === 'cr') return start === end;
    return start === end || (end === start + 1 && chunk[start] === CR);
  }

  /** Decides about one whole event. */
  #take(event: Buffer): void {
    if (this.isDone) {
      this.#hold(event);
      return;
    }
    const data = event.includes(TOKENS) || event.includes(DONE) ? dataOf(event) : '';
    if (data === '[DONE]') {
      this.isDone = true;
      this.#hold(event);
      return;
    }
    const body = data === '' ? undefined : parse(data);
    const usage = readUsage(body);
    if (usage === undefined || !hasNoChoices(body)) {
      this.usage = usage ?? this.usage;
      this.#count(event[0], event.length);
      this.#emit(event);
      return;
    }
    this.usage = usage;
    if (!this.#options.removeUsage) this.#hold(event); // T1
  }

  #emit(bytes: Buffer): void {
    if (bytes.length === 0) return;
    if (this.isDone) {
      this.#hold(bytes);
      return;
    }
    // The usage event was not the last one after all.
    if (this.#heldBytes > 0) this.#out.push(this.release());
    this.#out.push(bytes);
  }

  #hold(bytes: Buffer): void {
    this.#held.push(bytes); // T2
    this.#heldBytes += bytes.length;
    if (this.#heldBytes > this.#options.eventBytesMax) this.isTooLong = true; // T3
  }

  #keep(chunk: Buffer, eventStart: number, lineStart: number): void {
    const left = chunk.length - lineStart;
    if (left === 1 && this.#line === 'empty' && chunk[lineStart] === CR) this.#line = 'cr';
    else if (left > 0) this.#line = 'content';
    if (eventStart === chunk.length) return;
    this.#tail.push(chunk.subarray(eventStart));
    this.#tailBytes += chunk.length - eventStart;
    if (this.#tailBytes > this.#options.eventBytesMax) this.isTooLong = true; // T3
  }

  #withTail(rest: Buffer): Buffer {
    const event = Buffer.concat([...this.#tail, rest]);
    this.#tail = [];
    this.#tailBytes = 0;
    return event;
  }

  #count(firstByte: number | undefined, bytes: number): void {
    if (firstByte !== LETTER_D) return;
    this.#events++;
    this.#eventBytes += bytes;
    if (bytes < this.#eventBytesMin) this.#eventBytesMin = bytes;
  }

  #drain(): Buffer {
    const bytes = join(this.#out);
    this.#out.length = 0;
    return bytes;
  }
}

function join(pieces: readonly Buffer[]): Buffer {
  return pieces.length === 1 ? (pieces[0] ?? NOTHING) : Buffer.concat(pieces);
}

/** The data lines of an event, joined as the format says. */
function dataOf(event: Buffer): string {
  return event
    .toString()
    .split(/\r\n|\n|\r/)
    .filter((line) => line.startsWith('data:'))
    .map((line) => line.slice(line[5] === ' ' ? 6 : 5))
    .join('\n')
    .trim();
}

function parse(data: string): unknown {
  try {
    return JSON.parse(data);
  } catch {
    // Not ours to judge: the client sees the same bytes.
    return undefined;
  }
}

function hasNoChoices(body: unknown): boolean {
  const { choices } = (body ?? {}) as { choices?: unknown };
  return Array.isArray(choices) && choices.length === 0;
}
