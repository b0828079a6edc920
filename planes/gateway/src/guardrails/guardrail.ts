/**
 * Rules about texts: what a model is given to read, and what it writes.
 *
 *   W1. Every route to a model passes them, whatever its format and however long its body is: they stand
 *       before the routes, and read the bytes that are sent, not a model of them.
 *   W2. Whatever fails, fails closed: a name that nobody knows, a webhook that is silent, a stream that
 *       cannot be read.
 *   W3. A text that nothing is found in keeps its bytes, in whole bodies and in streams.
 *   W4. What is found is never split: of a stream, no piece goes out before so much of its text has come
 *       that nothing of it can be the beginning of something.
 *   W5. Which rule it was is told and recorded; the text is not.
 */

/** Where something was found in a text, and what it is. */
export interface Match {
  readonly start: number;
  /** Exclusive. */
  readonly end: number;
  /** In capitals: `EMAIL_ADDRESS`. */
  readonly what: string;
}

/** In the order of their places; none contains another. Takes a time that grows with the text alone. */
export type Find = (text: string) => readonly Match[];

export type Action = 'block' | 'redact' | 'flag';

export interface Hook {
  readonly url: string;
  /** Signs what is sent; null: it is not signed. */
  readonly secret: { reveal(): string } | null;
  readonly timeoutMs: number;
  /** The operator has not named it: only public addresses are connected to (E6). */
  readonly isByApi?: boolean;
}

export interface Guardrail {
  readonly name: string;
  readonly kind: 'pii' | 'secrets' | 'regex' | 'webhook';
  readonly action: Action;
  /** What a model is to read. */
  readonly before: boolean;
  /** What it wrote. */
  readonly after: boolean;
  /** For every call. */
  readonly isDefault: boolean;
  /** Ids of projects that it is for, all of whose calls it sees. */
  readonly projects: ReadonlySet<string>;
  /** What becomes of a part that is no text: an image, a file, sound, tokens. */
  readonly uninspectable: 'pass' | 'block';
  /** Null: others are asked. */
  readonly find: Find | null;
  readonly hook: Hook | null;
  /** What it looks for, for people to read. */
  readonly looksFor: readonly string[];
}

/** The longest thing that is surely found in a stream wherever it is split; more than any rule of ours needs. */
export const WINDOW_LENGTH = 1_024;
