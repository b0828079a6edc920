/**
 * Lets a stream through to the client until its terminator, its end, or the end of either side.
 * What ends the stream stays in the tap: the caller settles first and releases it then (M2).
 *
 *   G1. The first piece after a pause goes out at once, and the head with it: in the turn in which it
 *       came, together with what came in the same packet. The parser tells those apart, and each write costs
 *       more than everything else that is done for a piece.
 *   G2. What follows within the same beat goes out together when the beat ends. A piece never waits for
 *       longer than a beat, whatever comes after it.
 *   G3. What has been gathered is counted, whoever ends the stream.
 *   G4. What comes in the same turn as the end waits with it, for the settlement or for the end of the beat: one
 *       write less of the two or three that a short stream has. Its client cannot be done any sooner.
 *
 * A client that reads slowly slows its provider, and one that does not read at all is given up after
 * `stallMs`: it would hold its reservation for ever.
 */
import type { ServerResponse } from 'node:http';

import type { Tap } from '../bytes/stream-tap.ts';
import type { Attempt, Sink } from '../calls/attempt.ts';
import type { UpstreamFailure } from '../providers/upstream.ts';
import type { Beat, Member } from './beat.ts';

export type RelayEnd =
  | { readonly kind: 'complete' }
  /** The client went away, or stopped reading for too long. */
  | { readonly kind: 'left' }
  | { readonly kind: 'broken'; readonly failure: UpstreamFailure }
  /** An event longer than any event is. */
  | { readonly kind: 'garbage' };

export interface RelayParts {
  readonly attempt: Pick<Attempt, 'handTo' | 'pause' | 'resume'>;
  readonly reply: Pick<
    ServerResponse,
    'on' | 'off' | 'write' | 'flushHeaders' | 'destroy' | 'destroyed'
  >;
  readonly tap: Tap;
  /** Null: every packet goes out at once. */
  readonly beat: Beat | null;
  readonly stallMs: number;
  /** Whether the provider is read to its end when the client leaves. */
  readonly drains?: boolean | undefined;
}

// More than this is not kept back: it fills packets by itself.
const GATHERED_BYTES_MAX = 16 * 1024;

export class Relay implements Sink, Member {
  readonly end: Promise<RelayEnd>;
  readonly #parts: RelayParts;
  #resolve: (end: RelayEnd) => void = () => {};
  #isOver = false;
  #isLeft = false;
  #stall: NodeJS.Timeout | undefined;
  #isHeadOut = false;
  /** Something went out in this beat. */
  #inBeat = false;
  /** Gathered, as they came. */
  #pieces: Buffer[] = [];
  #piecesBytes = 0;
  /** Of a stream that has ended. */
  #last: Buffer | undefined;

  constructor(parts: RelayParts) {
    this.#parts = parts;
    this.end = new Promise((resolve) => {
      this.#resolve = resolve;
    });
    const { attempt, reply, beat } = parts;
    reply.on('close', this.#leave);
    reply.on('drain', this.#drained);
    if (reply.destroyed) this.#leave();
    if (!this.#isOver) attempt.handTo(this);
    this.#endTurn(); // What had arrived goes with the head.
    if (this.#isHeadOut) return;
    if (beat !== null) beat.join(this);
    else if (!this.#isOver) this.#sendHead();
  }

  /** Whether the client went away before the end. */
  get isLeft(): boolean {
    return this.#isLeft;
  }

  onData(chunk: Buffer): void {
    // After the terminator the tap keeps whatever else comes, and goes on counting it.
    if (this.#isOver) this.#parts.tap.push(chunk);
    else this.#gather(chunk);
  }

  onEnd(): void {
    if (this.#isOver) return;
    const { tap } = this.#parts;
    const passed = tap.push(this.#gathered());
    const rest = tap.end();
    this.#last = rest.length === 0 ? passed : Buffer.concat([passed, rest]); // G4
    this.#finish({ kind: tap.isTooLong ? 'garbage' : 'complete' });
  }

  onFailure(failure: UpstreamFailure): void {
    if (!this.#isOver) this.#pass(this.#gathered());
    this.#finish({ kind: 'broken', failure });
  }

  /** What came with the end goes out now. */
  flush(): void {
    const last = this.#last;
    this.#last = undefined;
    if (last !== undefined) this.#write(last);
  }

  beat(): boolean {
    const goesOn = this.#pieces.length > 0;
    if (goesOn && !this.#isOver) this.#pass(this.#gathered());
    if (this.#isOver) this.flush();
    else if (!this.#isHeadOut) this.#sendHead();
    this.#inBeat = goesOn;
    return goesOn;
  }

  /** Clients wait for it, and the first token may be long in coming. */
  #sendHead(): void {
    this.#isHeadOut = true;
    if (!this.#parts.reply.destroyed) this.#parts.reply.flushHeaders();
  }

  #gather(chunk: Buffer): void {
    this.#pieces.push(chunk);
    this.#piecesBytes += chunk.length;
    if (this.#piecesBytes >= GATHERED_BYTES_MAX) this.#pass(this.#gathered());
    else if (!this.#inBeat && this.#pieces.length === 1) queueMicrotask(this.#endTurn); // G1, else G2
  }

  readonly #endTurn = (): void => {
    if (this.#pieces.length > 0 && !this.#inBeat && !this.#isOver) this.#pass(this.#gathered());
  };

  #gathered(): Buffer {
    const pieces = this.#pieces;
    this.#pieces = [];
    this.#piecesBytes = 0;
    return pieces.length === 1 && pieces[0] ? pieces[0] : Buffer.concat(pieces);
  }

  #pass(bytes: Buffer): void {
    const { tap } = this.#parts;
    const passed = tap.push(bytes);
    if (tap.isDone) this.#last = passed; // G4
    else this.#write(passed);
    if (tap.isTooLong) this.#finish({ kind: 'garbage' });
    else if (tap.isDone) this.#finish({ kind: 'complete' });
  }

  #write(bytes: Buffer): void {
    const { attempt, reply, beat, stallMs } = this.#parts;
    if (bytes.length === 0 || reply.destroyed) return;
    this.#isHeadOut = true;
    const isRead = reply.write(bytes);
    if (beat !== null && !this.#inBeat) {
      this.#inBeat = true;
      beat.join(this);
    }
    if (isRead || this.#stall || this.#isOver) return;
    attempt.pause();
    this.#stall = setTimeout(() => reply.destroy(), stallMs);
  }

  readonly #drained = (): void => {
    clearTimeout(this.#stall);
    this.#stall = undefined;
    this.#parts.attempt.resume();
  };

  readonly #leave = (): void => {
    this.#isLeft = true;
    if (this.#parts.drains === true) {
      this.#drained();
      return;
    }
    if (!this.#isOver) this.#parts.tap.push(this.#gathered()); // G3
    this.#finish({ kind: 'left' });
  };

  #finish(end: RelayEnd): void {
    if (this.#isOver) return;
    this.#isOver = true;
    const { attempt, reply } = this.#parts;
    reply.off('close', this.#leave);
    reply.off('drain', this.#drained);
    clearTimeout(this.#stall);
    // What is left of a complete answer is read, so that its connection can be used again.
    attempt.resume();
    this.#resolve(end);
  }
}
