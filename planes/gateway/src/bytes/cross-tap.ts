/**
 * A stream of another format: metered as the provider tells it, passed on as the client reads it. What
 * `StreamTap` lets out are whole events; each of them becomes none, one or several of the client's. An
 * error of the provider is the last event, and is held as such (T2).
 */
import { isObject } from '@sagewai/translate';

import type { CrossedCall, CrossedStream } from '../formats/crossing.ts';
import type { Format } from '../formats/format.ts';
import type { Usage } from '../money/usage.ts';
import { dataOf, parseData } from './stream-reading.ts';
import { StreamTap, type Tap } from './stream-tap.ts';

const NOTHING = Buffer.alloc(0);
const BLANK_LINE = /\r?\n\r?\n/;

export interface CrossTapOptions {
  readonly client: Format;
  readonly upstream: Format;
  readonly crossed: CrossedCall;
  readonly eventBytesMax: number;
}

export class CrossTap implements Tap {
  readonly #options: CrossTapOptions;
  readonly #tap: StreamTap;
  readonly #stream: CrossedStream;
  #failure: string | undefined;

  constructor(options: CrossTapOptions) {
    this.#options = options;
    const { upstream, eventBytesMax } = options;
    this.#tap = new StreamTap({ reading: upstream.stream, removeUsage: false, eventBytesMax });
    this.#stream = options.crossed.stream();
  }

  get usage(): Usage | undefined {
    return this.#tap.usage;
  }

  get begun(): Usage | undefined {
    return this.#tap.begun;
  }

  get isDone(): boolean {
    return this.#tap.isDone || this.hasFailed;
  }

  get hasFailed(): boolean {
    return this.#tap.hasFailed || this.#failure !== undefined;
  }

  get isTooLong(): boolean {
    return this.#tap.isTooLong;
  }

  get hasSpoken(): boolean {
    return this.#tap.hasSpoken;
  }

  seen(): { outputBytes: number; outputChunks: number } {
    return this.#tap.seen();
  }

  push(chunk: Buffer): Buffer {
    return this.#cross(this.#tap.push(chunk));
  }

  end(): Buffer {
    return this.#cross(this.#tap.end());
  }

  release(): Buffer {
    const held = this.#cross(this.#tap.release());
    if (this.#failure !== undefined) return Buffer.concat([held, Buffer.from(this.#failure)]);
    const { client } = this.#options;
    const last = this.#stream.end().map((event) => client.frame(event));
    return Buffer.concat([held, Buffer.from(last.join('') + client.lastFrame)]);
  }

  #cross(bytes: Buffer): Buffer {
    if (bytes.length === 0 || this.#failure !== undefined) return NOTHING;
    const { client, upstream, crossed } = this.#options;
    let text = '';
    for (const event of bytes.toString().split(BLANK_LINE)) {
      const data = parseData(dataOf(event));
      if (!isObject(data)) continue;
      const failure = upstream.failureIn(data);
      if (failure !== undefined) {
        this.#failure = client.frame(crossed.error(failure.body, failure.status));
        break;
      }
      for (const each of this.#stream.push(data)) text += client.frame(each);
    }
    return text === '' ? NOTHING : Buffer.from(text);
  }
}
