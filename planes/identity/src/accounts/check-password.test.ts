import { readFileSync, writeFileSync } from 'node:fs';

import { describe, expect, test } from 'vitest';

import { checkPassword } from './check-password.ts';
import { isCommonPassword, makeFilter } from './common-passwords.ts';

const about = ['anna.berg@umbrella.test', 'Anna Berg', 'umbrella'];

describe('a password', () => {
  test.each([
    'correct horse battery staple',
    'Vier kleine Igel gehen baden',
    'qX7#mmpLw2!zzRt',
    'überlänge mit ümläuten',
    'y3LLow-submarine+kettle',
  ])('may be %s', (password) => {
    expect(checkPassword(password, about)).toBeNull();
  });

  test.each([
    ['fourteen chars', /short/],
    ['x'.repeat(257), /long/],
    ['aaaaaaaaaaaaaaaaaa', /repeats/],
    ['abcabcabcabcabcabc', /repeats/],
    ['abcdefghijklmnopqrstuvwxyz', /counts/],
    ['123456789123456789', /repeats/],
    ['password12345678', /tried first/],
    ['Password123456789!', /tried first/],
    ['trustno1sunshine', /tried first/],
    ['umbrellapassword', /tried first/],
    ['UmbrellaUmbrella2', /tried first/],
  ])('is not %s', (password, why) => {
    expect(checkPassword(password, about)).toMatch(why);
  });

  test('is 15 letters, however many bytes they are', () => {
    expect(checkPassword('äöüßéèêñçøåłžč', [])).toMatch(/short/);
    expect(checkPassword('äöüßéèêñçøåłžčx', [])).toBeNull();
  });
});

describe('the list of common ones', () => {
  test('knows those that it was made of', () => {
    for (const each of ['password', '123456', 'qwerty', 'letmein', 'dragon']) {
      expect(isCommonPassword(each)).toBe(true);
    }
  });

  test('takes hardly another for one of them', () => {
    const taken = Array.from({ length: 20_000 }, (_, index) => `k${index}-vq-${index * 7}`).filter(
      isCommonPassword,
    );
    expect(taken.length).toBeLessThan(5);
  });

  test('is made of a list, one a line', () => {
    const list = process.env['UPDATE_COMMON_PASSWORDS'];
    const text = list === undefined ? 'one\ntwo\n' : readFileSync(list, 'utf8');
    const made = makeFilter(text.toLowerCase().split('\n').filter(Boolean));
    expect(made.some((byte) => byte > 0)).toBe(true);
    if (list !== undefined) writeFileSync(new URL('common-passwords.bin', import.meta.url), made);
  });
});
