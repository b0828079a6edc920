import type { ServerResponse } from 'node:http';

import type { Attempt, Sink } from './attempt.ts';
import type { StreamTap } from './bytes/stream-tap.ts';
import type { UpstreamFailure } from './providers/upstream.ts';

export type RelayEnd =
  | { readonly kind: 'complete' }
  /** The client went away, or stopped reading for too long. */
  | { readonly kind: 'left' }
  | { readonly kind: 'broken'; readonly failure: UpstreamFailure }
  /** An event longer than any event is. */
  | { readonly kind: 'garbage' };

/**
 * Lets a stream through to the client until its terminator, its end, or the end of either side.
 * What ends the stream stays in the tap: the caller settles first and releases it then (M2).
 *
 * A client that reads slowly slows its provider, and one that does not read at all is given up after
 * `stallMs`: it would hold its reservation for ever.
 */
export function relayStream(
  attempt: Attempt,
  reply: ServerResponse,
  tap: StreamTap,
  stallMs: number,
): Promise<RelayEnd> {
  return new Promise((resolve) => {
    new Relay({ attempt, reply, tap, stallMs, resolve }).start();
  });
}

interface Parts {
  readonly attempt: Attempt;
  readonly reply: ServerResponse;
  readonly tap: StreamTap;
  readonly stallMs: number;
  readonly resolve: (end: RelayEnd) => void;
}

class Relay implements Sink {
  readonly #parts: Parts;
  #isOver = false;
  #stall: NodeJS.Timeout | undefined;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  start(): void {
    const { attempt, reply } = this.#parts;
    reply.on('close', this.#leave);
    reply.on('drain', this.#drained);
    if (reply.destroyed) this.#leave();
    else attempt.handTo(this);
  }

  onData(chunk: Buffer): void {
    const { tap } = this.#parts;
    // After the terminator the tap keeps whatever else comes, and goes on counting it.
    const passed = tap.push(chunk);
    if (this.#isOver) return;
    this.#write(passed);
    if (tap.isTooLong) this.#finish({ kind: 'garbage' });
    else if (tap.isDone) this.#finish({ kind: 'complete' });
  }

  onEnd(): void {
    if (this.#isOver) return;
    this.#write(this.#parts.tap.end());
    this.#finish({ kind: 'complete' });
  }

  onFailure(failure: UpstreamFailure): void {
    this.#finish({ kind: 'broken', failure });
  }

  #write(bytes: Buffer): void {
    const { attempt, reply, stallMs } = this.#parts;
    if (bytes.length === 0 || reply.destroyed || reply.write(bytes) || this.#stall) return;
    attempt.pause();
    this.#stall = setTimeout(() => reply.destroy(), stallMs);
  }

  readonly #drained = (): void => {
    clearTimeout(this.#stall);
    this.#stall = undefined;
    this.#parts.attempt.resume();
  };

  readonly #leave = (): void => this.#finish({ kind: 'left' });

  #finish(end: RelayEnd): void {
    if (this.#isOver) return;
    this.#isOver = true;
    const { attempt, reply, resolve } = this.#parts;
    reply.off('close', this.#leave);
    reply.off('drain', this.#drained);
    clearTimeout(this.#stall);
    // What is left of a complete answer is read, so that its connection can be used again.
    attempt.resume();
    resolve(end);
  }
}
