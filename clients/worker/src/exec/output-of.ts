import { Unrecoverable } from '@sagewai/sdk/workflow';

import type { CommandEnd } from './run-command.ts';

/** By sysexits.h: the circumstances failed, and another try may find better ones. */
const EX_TEMPFAIL = 75;

/** What a command that has done its work has said; throws what went wrong. */
export function outputOf(end: CommandEnd): string {
  if (end.kind === 'unstarted') throw new Error(end.reason);
  if (end.kind === 'stopped') {
    if (end.by === 'signal') throw new Error('it was stopped');
    const why = end.by === 'timeout' ? 'it took too long' : 'it said more than it may';
    throw new Unrecoverable(withSaid(why, end.said));
  }
  if (end.code === 0) return end.output;
  const message = withSaid(`it ended with ${end.code}`, end.said);
  throw end.code === EX_TEMPFAIL ? new Error(message) : new Unrecoverable(message);
}

const withSaid = (why: string, said: string): string => {
  const text = said.trim();
  return text === '' ? why : `${why}: ${text}`;
};
