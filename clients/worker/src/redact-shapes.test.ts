import { expect, test } from 'vitest';

import { redactShapes } from './redact-shapes.ts';

test.each([
  ['use sk-fleet-0123456789abcdef now', 'use [redacted] now'],
  ['wrt-1.eyJhbGciOi.payload.sig', '[redacted]'],
  ['rt-1.aaaaaaaa.bbbb', '[redacted]'],
  ['Authorization: Bearer abcdefgh12345678==', 'Authorization: Bearer [redacted]'],
  ['postgres://me:s3cret@db:5432/x', 'postgres://me:[redacted]@db:5432/x'],
  ['AKIAABCDEFGHIJKLMNOP', '[redacted]'],
  ['ghp_0123456789abcdefghij', '[redacted]'],
  ['xoxb-0123456789', '[redacted]'],
  ['eyJhbGciOiJI.eyJzdWIiOiIx.c2lnbmF0dXJl', '[redacted]'],
  ['-----BEGIN RSA PRIVATE KEY-----\nMII\n-----END RSA PRIVATE KEY----- end', '[redacted] end'],
  ['ask-me and task-runner', 'ask-me and task-runner'],
])('%s', (text, safe) => {
  expect(redactShapes(text)).toBe(safe);
});
