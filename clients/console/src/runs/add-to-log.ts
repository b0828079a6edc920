import type { CallOutput, StreamEvents } from '@sagewai/sdk';

export type LogEvent = CallOutput<'runs.listRunEvents'>['events'][number];

export interface Log {
  readonly next: number;
  readonly events: readonly LogEvent[];
  readonly leftOut: number;
  readonly isEnd: boolean;
}

/** The log with what was heard of it. */
export function addToLog(before: Log, heard: readonly StreamEvents['runs.streamRunEvents'][]): Log {
  const events = heard.flatMap((one) => (one.event === 'end' ? [] : [one.data]));
  const end = heard.find((one) => one.event === 'end');
  const leftOut = events.reduce((sum, { left_out_before: count }) => sum + count, before.leftOut);
  return {
    next: events.at(-1)?.seq ?? before.next,
    events: events.length === 0 ? before.events : [...before.events, ...events],
    leftOut: end?.data.left_out ?? leftOut,
    isEnd: end !== undefined,
  };
}
