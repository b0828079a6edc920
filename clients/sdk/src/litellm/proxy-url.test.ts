import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { readProxyUrl } from './proxy-url.ts';

describe('readProxyUrl', () => {
  test.each([
    'http://litellm:4000',
    'http://10.0.0.7:4000/base/',
    'https://proxy.example.com',
    'http://[fd12::1]:4000',
    'http://localhost:4000',
  ])('%s is where a proxy may be', (text) => {
    expect(readProxyUrl(text).href).toBe(new URL(text).href);
  });

  test.each([
    ['ftp://litellm:4000', 'must be http or https, not ftp:'],
    ['file:///etc/passwd', 'must be http or https, not file:'],
    ['litellm:4000', 'must be http or https'],
    ['litellm', 'is no URL'],
    ['http://sk-secret@litellm:4000', 'must not hold a name or a password'],
    ['http://litellm:4000?key=sk-secret', 'must not hold a query'],
    ['http://litellm:4000/#x', 'must not hold a query or a fragment'],
    ['http://169.254.169.254/latest', '169.254.169.254 is where a cloud answers'],
    ['http://2852039166/', '169.254.169.254 is where a cloud answers'],
    ['http://[::ffff:a9fe:a9fe]/', 'is where a cloud answers'],
    ['http://[64:ff9b::169.254.169.254]:80/', 'is where a cloud answers'],
    ['http://metadata.google.internal./', 'is where a cloud answers'],
  ])('%s is not: it %s', (text, reason) => {
    expect(() => readProxyUrl(text)).toThrow(reason);
    expect(() => readProxyUrl(text)).not.toThrow('sk-secret');
  });

  test('no text makes it fail in another way', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.webUrl(), fc.ipV6()), (text) => {
        try {
          expect(readProxyUrl(text).protocol).toMatch(/^https?:$/);
        } catch (error) {
          expect(error).toBeInstanceOf(TypeError);
        }
      }),
    );
  });
});
