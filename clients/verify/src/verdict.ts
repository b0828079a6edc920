import type { ChainHead } from '@sagewai/wire';

/**
 * What is wrong with the first broken entry.
 *
 * - `unreadable`: a field is missing, of the wrong kind or not well-formed text, or the format is one that
 *   this version does not know.
 * - `foreign`: it belongs to another organization's chain.
 * - `gap`: its number does not follow the one before: entries are missing, moved or repeated.
 * - `edited`: its fields are not the ones that its hash was made of.
 * - `unlinked`: it follows another entry than the one that stands before it, which was replaced.
 * - `truncated`: the chain ends before a head that it is known to have reached.
 * - `rewritten`: it stands at a head that is known, with another hash: everything was made anew.
 */
export type Breach =
  | 'unreadable'
  | 'foreign'
  | 'gap'
  | 'edited'
  | 'unlinked'
  | 'truncated'
  | 'rewritten';

export type Verdict =
  | {
      readonly kind: 'whole';
      /** Entries that were checked now. */
      readonly entries: number;
      /** Keep it: the next check can start there, or prove that nothing was cut off. */
      readonly head: ChainHead | null;
    }
  | {
      readonly kind: 'broken';
      /** The first entry that is broken or missing. */
      readonly seq: number;
      readonly breach: Breach;
      /** One sentence for people. */
      readonly detail: string;
      /** Entries before it that are whole. */
      readonly entries: number;
    };

/** What is known of the chain from elsewhere. Every part is optional; each makes the proof stronger. */
export interface Known {
  /** Whose chain it must be; else that of the first entry. */
  readonly organizationId?: string;
  /** A head that was verified before: the entries continue from there. */
  readonly after?: ChainHead;
  /** A head that the chain must reach, or must have reached before it ends. */
  readonly head?: ChainHead | null;
}
