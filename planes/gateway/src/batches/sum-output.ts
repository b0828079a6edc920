import type { PicoUsd } from '@sagewai/wire';

import { parseData } from '../bytes/stream-reading.ts';
import { costOf } from '../money/meter.ts';
import type { Price } from '../money/price.ts';
import { NO_USAGE } from '../money/usage.ts';
import type { BatchSurface } from './batch-surface.ts';
import type { Manifest } from './batch.ts';

const LF = 0x0a;

export interface BatchSums {
  readonly costPusd: PicoUsd;
  readonly inputTokens: number;
  readonly cachedInputTokens: number;
  readonly cacheWriteTokens: number;
  readonly outputTokens: number;
  /** Whether each line that was answered told its usage. */
  readonly isTold: boolean;
}

interface OutputParts {
  readonly surface: BatchSurface;
  readonly price: Price;
  readonly manifest: Manifest;
}

/**
 * Adds up what the lines of an output used, as they arrive (B2). A line that was answered and does not tell is
 * taken for as much as a request of its file can be on the average: an estimate, which says so (M3).
 */
export class OutputSum {
  readonly #of: OutputParts;
  readonly #lineBytesMax: number;
  #tail: Buffer[] = [];
  #tailBytes = 0;
  isBroken = false;
  #sums: BatchSums = {
    costPusd: 0n,
    inputTokens: 0,
    cachedInputTokens: 0,
    cacheWriteTokens: 0,
    outputTokens: 0,
    isTold: true,
  };

  constructor(of: OutputParts, lineBytesMax: number) {
    this.#of = of;
    this.#lineBytesMax = lineBytesMax;
  }

  push(chunk: Buffer): void {
    let start = 0;
    for (let end = chunk.indexOf(LF); end !== -1; end = chunk.indexOf(LF, start)) {
      this.#line(Buffer.concat([...this.#tail, chunk.subarray(start, end)]));
      this.#tail = [];
      this.#tailBytes = 0;
      start = end + 1;
    }
    this.#tail.push(chunk.subarray(start));
    this.#tailBytes += chunk.length - start;
    if (this.#tailBytes > this.#lineBytesMax) {
      this.isBroken = true;
      this.#tail = [];
    }
  }

  end(): BatchSums {
    this.#line(Buffer.concat(this.#tail));
    this.#tail = [];
    return this.#sums;
  }

  #line(bytes: Buffer): void {
    const text = bytes.toString().trim();
    if (text === '') return;
    const line = parseData(text);
    const { surface, price, manifest } = this.#of;
    const body = line === undefined ? undefined : surface.answerIn(line);
    // One that failed costs nothing.
    if (body === null) return;
    const usage = typeof body === 'object' ? surface.lines.usageOf(body) : undefined;
    const each = (most: number): number => Math.ceil(most / Math.max(1, manifest.requests));
    const taken = usage ?? {
      ...NO_USAGE,
      input: each(manifest.inputTokensMax),
      output: each(manifest.outputTokensMax),
    };
    const sums = this.#sums;
    this.#sums = {
      costPusd: sums.costPusd + costOf(price, taken),
      inputTokens: sums.inputTokens + taken.input,
      cachedInputTokens: sums.cachedInputTokens + taken.cachedInput,
      cacheWriteTokens: sums.cacheWriteTokens + taken.cacheWrite,
      outputTokens: sums.outputTokens + taken.output,
      isTold: sums.isTold && usage !== undefined,
    };
  }
}
