import { expect, test } from 'vitest';

import { printColumns } from './print-columns.ts';

test('aligns columns, shows what is empty, and pads nothing at the end', () => {
  const text = printColumns(
    ['id', 'name'],
    [
      ['1', 'long name'],
      ['22', null],
    ],
  );
  expect(text).toBe('ID  NAME\n1   long name\n22  -');
});

test('a name cannot drive the terminal', () => {
  expect(printColumns(['name'], [['a\u001b[2Jb\nc']])).toBe('NAME\na [2Jb c');
});
