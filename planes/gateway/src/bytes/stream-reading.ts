import type { Usage } from '../money/usage.ts';

/**
 * What an event is to a stream:
 *
 * - `content`: it passes.
 * - `usage`: it tells what was used, and nothing that is only there.
 * - `last`: the stream is complete with it.
 * - `failure`: the provider says that it cannot go on; nothing follows.
 */
export type EventKind = 'content' | 'usage' | 'last' | 'failure';

/** What is known of one stream. */
export interface EventReader {
  /** All that was used, once the provider has said so; the later reports include the earlier. */
  readonly usage: Usage | undefined;
  /** What it said at the beginning, where that is no report yet: its input is known, its output is not. */
  readonly begun: Usage | undefined;
  /** `data` are the data lines of an event that holds a mark. */
  read(data: string): EventKind;
}

/** How the streams of one format are read as they pass. */
export interface StreamReading {
  /** Whether a stream that ends without its last event has been cut off. */
  readonly mustEnd: boolean;
  /**
   * Every event that is not plain content holds one of these. Text cannot: inside a JSON string the
   * closing quote would be escaped.
   */
  readonly marks: readonly Buffer[];
  /** Whether the event that starts there says something, for an estimate. */
  readonly isSaid: (bytes: Buffer, start: number) => boolean;
  readonly open: () => EventReader;
}

/** The data lines of an event, joined as the format says. */
export function dataOf(event: string): string {
  return event
    .split(/\r\n|\n|\r/)
    .filter((line) => line.startsWith('data:'))
    .map((line) => line.slice(line[5] === ' ' ? 6 : 5))
    .join('\n')
    .trim();
}

export function parseData(data: string): unknown {
  try {
    return JSON.parse(data);
  } catch {
    // Not ours to judge: the client sees the same bytes.
    return undefined;
  }
}
