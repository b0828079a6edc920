import type { Tap } from './stream-tap.ts';

const NOTHING = Buffer.alloc(0);

/** Lets anything pass, but the last piece only when it is released (M2). Nothing in it is read. */
export class OpaqueTap implements Tap {
  readonly usage = undefined;
  readonly begun = undefined;
  readonly isDone = false;
  readonly hasFailed = false;
  readonly isTooLong = false;
  hasSpoken = false;
  #held: Buffer = NOTHING;

  push(chunk: Buffer): Buffer {
    if (chunk.length === 0) return NOTHING;
    this.hasSpoken = true;
    const passed = this.#held;
    this.#held = chunk;
    return passed;
  }

  end(): Buffer {
    return NOTHING;
  }

  release(): Buffer {
    const held = this.#held;
    this.#held = NOTHING;
    return held;
  }

  seen(): { outputBytes: number; outputChunks: number } {
    return { outputBytes: 0, outputChunks: 0 };
  }
}
