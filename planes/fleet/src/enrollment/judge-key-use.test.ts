import { expect, test } from 'vitest';

import { judgeKeyUse } from './judge-key-use.ts';

const usable = {
  revokedAt: null,
  expired: false,
  replaced: false,
  maxUses: 2,
  currentUses: 1,
  allowedCidrs: ['192.0.2.0/24'],
};

test('a key that may be used', () => {
  expect(judgeKeyUse(usable, '192.0.2.1')).toBeNull();
  expect(judgeKeyUse({ ...usable, maxUses: null, currentUses: 99 }, '192.0.2.1')).toBeNull();
  expect(judgeKeyUse({ ...usable, allowedCidrs: [] }, '198.51.100.1')).toBeNull();
});

test.each([
  [{ revokedAt: new Date() }, /revoked/],
  [{ expired: true }, /expired/],
  [{ replaced: true }, /rotated/],
  [{ currentUses: 2 }, /used up/],
  [{ allowedCidrs: ['192.0.3.0/24'] }, /from 192\.0\.2\.1/],
])('%j is refused, with the reason', (change, why) => {
  expect(judgeKeyUse({ ...usable, ...change }, '192.0.2.1')).toMatch(why);
});
