/**
 * What is kept in memory of earlier answers: so many bytes in all, each for so long, the longest unused
 * goes first. It belongs to one process and ends with it; nothing of it is written anywhere.
 */
import type { Clock } from '@sagewai/clock';
import type { PicoUsd } from '@sagewai/wire';

import type { Deployment } from '../models/deployment.ts';
import type { Usage } from '../money/usage.ts';

export interface Kept {
  readonly body: Buffer;
  readonly contentType: string;
  /** That answered. */
  readonly deployment: Deployment;
  readonly usage: Usage;
  /** What it cost then, and does not cost now; null: nobody knows. */
  readonly costPusd: PicoUsd | null;
}

interface Entry {
  readonly kept: Kept;
  readonly atMs: number;
  readonly untilMs: number;
  readonly bytes: number;
}

/** An entry's key, and what objects and maps need beside it. */
const BYTES_EACH = 512;
/** No answer may take the place of all others. */
const PARTS_MIN = 8;

export class AnswerCache {
  readonly bytesMax: number;
  readonly #clock: Clock;
  /** The longest unused first. */
  readonly #entries = new Map<string, Entry>();
  #bytes = 0;

  constructor(of: { readonly bytesMax: number; readonly clock: Clock }) {
    this.bytesMax = of.bytesMax;
    this.#clock = of.clock;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** The longest answer that is kept. */
  get answerBytesMax(): number {
    return Math.floor(this.bytesMax / PARTS_MIN) - BYTES_EACH;
  }

  find(key: string, ageMsMax = Infinity): { readonly kept: Kept; readonly ageMs: number } | null {
    const entry = this.#entries.get(key);
    if (entry === undefined) return null;
    const now = this.#clock.monotonicMs();
    if (entry.untilMs <= now) {
      this.#drop(key, entry);
      return null;
    }
    const ageMs = now - entry.atMs;
    if (ageMs > ageMsMax) return null;
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    return { kept: entry.kept, ageMs };
  }

  /** `ageMs`: how old it is already; `ttlMs` is what is left to it. */
  keep(key: string, kept: Kept, ttlMs: number, ageMs = 0): boolean {
    if (kept.body.length > this.answerBytesMax || ttlMs <= 0) return false;
    const before = this.#entries.get(key);
    if (before !== undefined) this.#drop(key, before);
    const now = this.#clock.monotonicMs();
    const bytes = kept.body.length + BYTES_EACH;
    this.#entries.set(key, { kept, atMs: now - ageMs, untilMs: now + ttlMs, bytes });
    this.#bytes += bytes;
    for (const [oldest, entry] of this.#entries) {
      if (this.#bytes <= this.bytesMax) break;
      this.#drop(oldest, entry);
    }
    return true;
  }

  #drop(key: string, { bytes }: Entry): void {
    this.#entries.delete(key);
    this.#bytes -= bytes;
  }
}
