import type { JsonObject } from './json.ts';

/** A body in the other format, and what of the first that format cannot say. */
export interface Translation {
  readonly body: JsonObject;
  /** Names of fields and parts that were left out, each once: for a header and the log. */
  readonly lost: readonly string[];
}

/** The caller asks for something that the other format has no word for, and that cannot be left out. */
export class Untranslatable extends Error {
  /** Of the request, in its own words. */
  readonly field: string;

  constructor(field: string, message: string) {
    super(message);
    this.name = 'Untranslatable';
    this.field = field;
  }
}

/** Collects what gets lost. */
export class Losses {
  readonly #names = new Set<string>();

  add(name: string): void {
    this.#names.add(name);
  }

  /** Those of `names` that are there, and not null. */
  addPresent(body: JsonObject, names: readonly string[]): void {
    for (const name of names) {
      if (body[name] !== undefined && body[name] !== null) this.#names.add(name);
    }
  }

  list(): string[] {
    return [...this.#names];
  }
}
