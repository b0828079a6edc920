import { expect, test } from 'vitest';

import { baseUrl } from './base-url.ts';

test('the address is the one that the operator says, else the one that was asked', () => {
  expect(baseUrl('https://sagewai.acme/', { host: 'x', isSecure: false })).toBe(
    'https://sagewai.acme',
  );
  expect(baseUrl(null, { host: 'localhost:8000', isSecure: false })).toBe('http://localhost:8000');
  expect(baseUrl(null, { host: '[::1]:8000', isSecure: true })).toBe('https://[::1]:8000');
  expect(baseUrl(null, { host: 'a@evil.example/', isSecure: true })).toBe('https://localhost');
});
