import { expect, test } from 'vitest';

import { CONTENT_BYTES_MAX, encodeContent } from './encode-content.ts';

test('counts bytes, not letters, and takes what just fits', () => {
  const quotes = 2;
  const fits = 'é'.repeat((CONTENT_BYTES_MAX - quotes) / 2);
  expect(encodeContent(fits, 'payload')).toHaveLength(fits.length + quotes);
  expect(() => encodeContent(`${fits}x`, 'payload')).toThrow(
    expect.objectContaining({ code: 'request.too_large' }),
  );
});
