import { createHash } from 'node:crypto';

const WORDS = 8;

/**
 * The digest of a set of rows, whatever their order: the SHA-256 of each, added word by word. A table gives
 * its rows in the order of its pages, which a restored one has anew.
 */
export class RowDigest {
  readonly #sum = new Uint32Array(WORDS);
  rows = 0;

  add(row: Buffer): void {
    const hash = createHash('sha256').update(row).digest();
    for (let at = 0; at < WORDS; at += 1) {
      this.#sum[at] = (this.#sum[at] ?? 0) + hash.readUInt32BE(at * 4);
    }
    this.rows += 1;
  }

  hex(): string {
    return [...this.#sum].map((word) => word.toString(16).padStart(8, '0')).join('');
  }
}
