import { expect, test } from 'vitest';

import { decideThrottle } from './decide-throttle.ts';

const limits = { perAccount: 10, perAddress: 100, windowMs: 900_000 };
const none = { attempts: 1, leftMs: 900_000 };

test.each([
  ['the last that is allowed', { attempts: 10, leftMs: 500 }, none, { kind: 'go' }],
  ['one more', { attempts: 11, leftMs: 500 }, none, { kind: 'wait', retryAfterMs: 500 }],
  [
    'many from one address',
    none,
    { attempts: 101, leftMs: 70 },
    { kind: 'wait', retryAfterMs: 70 },
  ],
  [
    'both: the longer wait',
    { attempts: 11, leftMs: 500 },
    { attempts: 101, leftMs: 700 },
    { kind: 'wait', retryAfterMs: 700 },
  ],
])('%s', (_, account, address, decision) => {
  expect(decideThrottle({ account, address }, limits)).toEqual(decision);
});
