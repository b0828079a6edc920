import { expect, test } from 'vitest';

import { parseFlags } from './command-line.ts';

test.each([
  ['alone', ['--mtls'], { mtls: 'true' }],
  [
    'before another',
    ['--exit-when-drained', '--mtls', '--pool', 'gpu'],
    { 'exit-when-drained': 'true', mtls: 'true', pool: 'gpu' },
  ],
  [
    'with a value',
    ['--mtls', 'no', '--exit-when-drained=yes'],
    { mtls: 'no', 'exit-when-drained': 'yes' },
  ],
])('a switch %s', (_, words, flags) => {
  expect(parseFlags(words)).toEqual({ kind: 'run', flags });
});

test('a flag that needs a value is no switch', () => {
  expect(parseFlags(['--pool'])).toMatchObject({ kind: 'wrong' });
});
