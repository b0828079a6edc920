/**
 * Watches a stream of server-sent events go by, without touching it.
 *
 * Bytes come in as the network cut them and go out as whole events, the same bytes in the same
 * order. Three things are looked for: the usage that a provider reports, the events that end the
 * stream, and how much has been said in case no usage ever comes. Almost every event is passed on
 * after a few searches for a byte pattern; only one that can matter is parsed, as its format says
 * (`stream-reading.ts`).
 *
 * T1. What goes out is what came in, minus the usage events that only we asked for (M5).
 * T2. Nothing that ends the stream goes out before it is released: the terminator, what follows it,
 *     and a usage event directly ahead of it are kept in `held` (M2).
 * T3. What is kept back is bounded by `eventBytesMax`: a line that never ends is a broken provider.
 *
 * A blank line ends an event; a line ends with LF or CRLF. `#line` tells what the present line has
 * so far, because either of the two can be the first byte of the next chunk.
 */

import type { Usage } from '../money/usage.ts';
import { dataOf, type EventReader, type StreamReading } from './stream-reading.ts';

const LF = 0x0a;
const CR = 0x0d;
const NOTHING = Buffer.alloc(0);

export interface TapOptions {
  readonly reading: StreamReading;
  readonly removeUsage: boolean;
  readonly eventBytesMax: number;
}

/** What watches a stream, and decides what of it goes out. */
export interface Tap {
  /** The last usage reported. */
  readonly usage: Usage | undefined;
  /** What the provider said at the beginning, before there was a usage. */
  readonly begun: Usage | undefined;
  /** The terminator has been seen: nothing of interest can follow. */
  readonly isDone: boolean;
  /** The provider itself ended the stream with an error. */
  readonly hasFailed: boolean;
  readonly isTooLong: boolean;
  /** Whether anything came that is an event of such a stream. */
  readonly hasSpoken: boolean;
  /** Takes what arrived and returns what may go out now; empty when nothing may. */
  push(chunk: Buffer): Buffer;
  /** The stream ended; returns what may go out before `release`. */
  end(): Buffer;
  /** What was held, in order; for when the settlement is durable (T2). */
  release(): Buffer;
  seen(): { outputBytes: number; outputChunks: number };
}

export class StreamTap implements Tap {
  isDone = false;
  hasFailed = false;
  isTooLong = false;
  readonly #options: TapOptions;
  readonly #reading: StreamReading;
  readonly #reader: EventReader;
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
    this.#reading = options.reading;
    this.#reader = options.reading.open();
  }

  get usage(): Usage | undefined {
    return this.#reader.usage;
  }

  get begun(): Usage | undefined {
    return this.#reader.begun;
  }

  push(chunk: Buffer): Buffer {
    const isPlain = !this.#isMarked(chunk);
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
        this.#count(chunk, eventStart, lineStart);
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

  end(): Buffer {
    if (this.#tailBytes > 0) this.#take(this.#withTail(NOTHING));
    return this.#drain();
  }

  release(): Buffer {
    const held = this.#held;
    this.#held = [];
    this.#heldBytes = 0;
    return join(held);
  }

  get hasSpoken(): boolean {
    const { usage, begun } = this.#reader;
    return this.isDone || this.#events > 0 || usage !== undefined || begun !== undefined;
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
    const data = this.#isMarked(event) ? dataOf(event.toString()) : '';
    switch (data === '' ? 'content' : this.#reader.read(data)) {
      case 'content':
        this.#count(event, 0, event.length);
        this.#emit(event);
        return;
      case 'usage':
        if (!this.#options.removeUsage) this.#hold(event); // T1
        return;
      case 'failure':
        this.hasFailed = true;
        this.isDone = true;
        this.#hold(event);
        return;
      case 'last':
        this.isDone = true;
        this.#hold(event);
    }
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

  #isMarked(bytes: Buffer): boolean {
    for (const mark of this.#reading.marks) if (bytes.includes(mark)) return true;
    return false;
  }

  #count(chunk: Buffer, start: number, end: number): void {
    if (!this.#reading.isSaid(chunk, start)) return;
    const bytes = end - start;
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
