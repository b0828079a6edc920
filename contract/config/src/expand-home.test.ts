import { expect, test } from 'vitest';

import { expandHome } from './expand-home.ts';

test('only a leading ~ of its own is the user’s directory', () => {
  expect(expandHome('~', '/home/ada')).toBe('/home/ada');
  expect(expandHome('~/.sagewai', '/home/ada')).toBe('/home/ada/.sagewai');
  expect(expandHome('~eve/x', '/home/ada')).toBe(`${process.cwd()}/~eve/x`);
  expect(expandHome('/srv/~/x', '/home/ada')).toBe('/srv/~/x');
});

test('the user’s directory is taken letter by letter', () => {
  expect(expandHome('~/x', '/home/$&')).toBe('/home/$&/x');
});

test('what is relative becomes absolute', () => {
  expect(expandHome('data', '/home/ada')).toBe(`${process.cwd()}/data`);
});
