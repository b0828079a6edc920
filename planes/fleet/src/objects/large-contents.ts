import { type KeyObject, randomUUID } from 'node:crypto';

import type { ObjectStore } from '@sagewai/objects';

import { parseContent } from '../secrecy/content.ts';
import {
  type ContentOf,
  type ContentReference,
  formatReference,
  looksReferring,
  objectKey,
  parseReference,
  sha256Of,
} from './content-reference.ts';
import { Lanes } from './lanes.ts';

export interface LargeContentsOptions {
  readonly store: ObjectStore;
  /** Of a purpose of its own. */
  readonly mac: KeyObject;
  /** A content of more bytes than this is kept in the store. */
  readonly thresholdBytes: number;
  /** Of a content, as JSON. */
  readonly bytesMax: number;
  /** Objects that are written or read at once. */
  readonly transfersMax: number;
  /** The JSON text that stands in the row now. */
  readonly reread: (of: ContentOf) => Promise<string | null>;
}

/** Contents that are too large for a row. The invariants are in `content-reference.ts`. */
export class LargeContents {
  readonly #options: LargeContentsOptions;
  readonly #lanes: Lanes;

  constructor(options: LargeContentsOptions) {
    this.#options = options;
    this.#lanes = new Lanes(options.transfersMax);
  }

  get bytesMax(): number {
    return this.#options.bytesMax;
  }

  get store(): ObjectStore {
    return this.#options.store;
  }

  /** The JSON text that is to stand in the row. What is small is answered at once (O5). */
  keep(of: ContentOf, text: string): string | Promise<string> {
    const { thresholdBytes } = this.#options;
    const isSmall = text.length * 3 <= thresholdBytes || Buffer.byteLength(text) <= thresholdBytes;
    return isSmall && !looksReferring(text) ? text : this.#put(of, text);
  }

  /** A JSON text, or what it was parsed to; null: it is no reference. */
  referenceIn(of: ContentOf, stored: unknown): ContentReference | null {
    const value = typeof stored === 'string' && looksReferring(stored) ? unquote(stored) : stored;
    return parseReference(this.#options.mac, of, value);
  }

  /** How much of an answer it takes, without reading it. */
  bytesOf(of: ContentOf, text: string): number {
    return this.referenceIn(of, text)?.bytes ?? text.length;
  }

  /** The JSON text that a reference stands for; null: its object is gone, or damaged. */
  async read(of: ContentOf, reference: ContentReference): Promise<string | null> {
    const text = await this.#get(of, reference);
    if (text !== null) return text;
    // It may have been put under another key since the row was read; then the former object goes.
    const stored = await this.#options.reread(of);
    if (stored === null) return null;
    const now = this.referenceIn(of, stored);
    if (now === null) return stored;
    return now.objectId === reference.objectId ? null : this.#get(of, now);
  }

  /** A JSON text as it stands in a row, with what it refers to; null: that is gone. */
  resolve(of: ContentOf, text: string): string | Promise<string | null> {
    if (!looksReferring(text)) return text;
    const reference = this.referenceIn(of, text);
    return reference === null ? text : this.read(of, reference);
  }

  async #put(of: ContentOf, text: string): Promise<string> {
    const bytes = Buffer.from(text);
    const sealed = text.startsWith('"enc1.') ? parseContent(text.slice(1, -1)) : null;
    const reference = {
      keyId: sealed?.keyId ?? null,
      objectId: randomUUID(),
      bytes: bytes.length,
      sha256: sha256Of(bytes),
    };
    const { store, mac } = this.#options;
    await this.#lanes.run(() => store.put(objectKey(of, reference.objectId), bytes)); // O2
    return JSON.stringify(formatReference(mac, of, reference));
  }

  async #get(of: ContentOf, { objectId, sha256 }: ContentReference): Promise<string | null> {
    const { store } = this.#options;
    const bytes = await this.#lanes.run(() => store.get(objectKey(of, objectId)));
    return bytes === null || sha256Of(bytes) !== sha256 ? null : bytes.toString();
  }
}

function unquote(json: string): unknown {
  try {
    return JSON.parse(json) as unknown;
  } catch {
    return null;
  }
}
