import { expect, test } from 'vitest';

import { encodeContent } from './encode-content.ts';

test('counts bytes, not letters, and takes what just fits', () => {
  const max = 1_000;
  const quotes = 2;
  const fits = 'é'.repeat((max - quotes) / 2);
  expect(encodeContent(fits, 'payload', max)).toHaveLength(fits.length + quotes);
  expect(() => encodeContent(`${fits}x`, 'payload', max)).toThrow(
    expect.objectContaining({
      code: 'request.too_large',
      detail: 'The payload of a run may have 1000 bytes; this one has 1001.',
    }),
  );
});
