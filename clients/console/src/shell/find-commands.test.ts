import { expect, test } from 'vitest';

import { findCommands } from './find-commands.ts';

const run = (): void => undefined;
const commands = ['Overview', 'Runs', 'Dead letters', 'Enrollment keys', 'Keys'].map((name) => ({
  name,
  hint: '',
  run,
}));
const find = (text: string): string[] =>
  findCommands(commands, text, (id) => ({ name: `run ${id}`, hint: '', run })).map(
    ({ name }) => name,
  );

test('what begins with the text comes first, what has its letters in order after it', () => {
  expect(find('keys')).toEqual(['Keys', 'Enrollment keys']);
  expect(find('dl')).toEqual(['Dead letters']);
  expect(find('')).toHaveLength(5);
  expect(find('zzz')).toEqual([]);
});

test('a run is found by its id', () => {
  expect(find(' 018F4a2c-0000-7000-8000-0123456789ab')).toEqual([
    'run 018f4a2c-0000-7000-8000-0123456789ab',
  ]);
});
