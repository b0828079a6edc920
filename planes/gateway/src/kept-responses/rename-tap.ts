import type { JsonObject } from '@sagewai/translate';

import { dataOf, parseData } from '../bytes/stream-reading.ts';
import type { Tap } from '../bytes/stream-tap.ts';
import { fieldOf, type Usage } from '../money/usage.ts';
import { renameIds, type Renames } from './rename-ids.ts';

const ANSWER = Buffer.from('"response"');

type RenamesFor = (id: string, response: JsonObject) => Renames;

/** A stream whose response has another id for its client; what watches it sees the provider's. */
export class RenameTap implements Tap {
  readonly #tap: Tap;
  readonly #renamesFor: RenamesFor;
  #renames: Renames | undefined;

  /** `tap` lets whole events out. */
  constructor(tap: Tap, renamesFor: RenamesFor) {
    this.#tap = tap;
    this.#renamesFor = renamesFor;
  }

  get usage(): Usage | undefined {
    return this.#tap.usage;
  }

  get begun(): Usage | undefined {
    return this.#tap.begun;
  }

  get isDone(): boolean {
    return this.#tap.isDone;
  }

  get hasFailed(): boolean {
    return this.#tap.hasFailed;
  }

  get isTooLong(): boolean {
    return this.#tap.isTooLong;
  }

  get hasSpoken(): boolean {
    return this.#tap.hasSpoken;
  }

  push(chunk: Buffer): Buffer {
    return this.#renamed(this.#tap.push(chunk));
  }

  end(): Buffer {
    return this.#renamed(this.#tap.end());
  }

  release(): Buffer {
    return this.#renamed(this.#tap.release());
  }

  seen(): { outputBytes: number; outputChunks: number } {
    return this.#tap.seen();
  }

  #renamed(events: Buffer): Buffer {
    if (events.length === 0 || !events.includes(ANSWER)) return events;
    this.#renames ??= this.#learn(events);
    return this.#renames === undefined ? events : renameIds(events, this.#renames);
  }

  /** The first event with the answer names it. */
  #learn(events: Buffer): Renames | undefined {
    for (const event of events.toString().split(/\r?\n\r?\n/)) {
      const response = fieldOf(parseData(dataOf(event)), 'response');
      const id = fieldOf(response, 'id');
      if (typeof id === 'string') return this.#renamesFor(id, response as JsonObject);
    }
    return undefined;
  }
}
