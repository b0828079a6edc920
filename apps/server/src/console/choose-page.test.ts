import { expect, test } from 'vitest';

import { baseOf, chooseEncoding, choosePage } from './choose-page.ts';

const HTML = 'text/html,application/xhtml+xml,*/*;q=0.8';

test('a browser is shown the console at / and at each of its pages', () => {
  for (const path of ['/', '/console', '/console/', '/console/runs/018f']) {
    expect(choosePage('GET', path, HTML)).toEqual({ kind: 'page' });
    expect(choosePage('HEAD', path, HTML)).toEqual({ kind: 'page' });
  }
});

test('whoever does not ask for HTML, or changes something, is not', () => {
  expect(choosePage('GET', '/', 'application/json')).toEqual({ kind: 'none' });
  expect(choosePage('GET', '/', '*/*')).toEqual({ kind: 'none' });
  expect(choosePage('GET', '/')).toEqual({ kind: 'none' });
  expect(choosePage('POST', '/console', HTML)).toEqual({ kind: 'none' });
  expect(choosePage('GET', '/consoles', HTML)).toEqual({ kind: 'none' });
  expect(choosePage('GET', '/api/v1/nowhere', HTML)).toEqual({ kind: 'none' });
});

test('an asset is one file of one folder, and no name leads out of it', () => {
  expect(choosePage('GET', '/console/assets/index-B1_x.js')).toEqual({
    kind: 'asset',
    name: 'index-B1_x.js',
  });
  for (const name of [
    '../digest.js',
    '..%2fdigest.js',
    '.js',
    '.hidden.js',
    'a/b.js',
    'a\\b.js',
    '',
  ]) {
    expect(choosePage('GET', `/console/assets/${name}`, HTML)).toEqual({ kind: 'none' });
  }
});

test('addresses are relative to the server, however deep the page is', () => {
  const at = (path: string): string =>
    new URL(baseOf(path, null), `https://x.example/llm${path}`).pathname;
  expect(at('/')).toBe('/llm/');
  expect(at('/console')).toBe('/llm/');
  expect(at('/console/')).toBe('/llm/');
  expect(at('/console/runs')).toBe('/llm/');
  expect(at('/console/runs/018f')).toBe('/llm/');
});

test('an address that was told with a path decides', () => {
  expect(baseOf('/console/runs', 'https://x.example/api/llm')).toBe('/api/llm/');
  expect(baseOf('/console/runs', 'https://x.example')).toBe('../');
});

test('what was compressed is sent to whoever reads it', () => {
  expect(chooseEncoding('gzip, deflate, br')).toEqual(['br', 'gzip']);
  expect(chooseEncoding('gzip;q=1.0, br;q=0')).toEqual(['gzip']);
  expect(chooseEncoding()).toEqual([]);
});
