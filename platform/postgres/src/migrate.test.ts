import { describe, expect, test } from 'vitest';

import { type Migration, pendingOf } from './migrate.ts';

const known = (name: string, checksum = 'a'): Migration => ({
  name,
  text: '',
  checksum,
  breaking: false,
});
const applied = (
  name: string,
  checksum = 'a',
): { name: string; checksum: string; breaking: boolean } => ({
  name,
  checksum,
  breaking: false,
});

describe('pendingOf', () => {
  test('is what has not been applied, in order, also when it is older than what has', () => {
    const all = [known('1'), known('2'), known('3')];
    expect(pendingOf(all, [applied('1'), applied('3')]).map(({ name }) => name)).toEqual(['2']);
  });

  test('refuses a file that changed after it had been applied (G2)', () => {
    expect(() => pendingOf([known('1', 'b')], [applied('1', 'a')])).toThrow(/was changed/);
  });

  test('refuses a database with a migration it does not know (G3)', () => {
    expect(() => pendingOf([known('1')], [applied('1'), applied('2')])).toThrow(/newer version/);
  });
});
