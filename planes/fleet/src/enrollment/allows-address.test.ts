import { expect, test } from 'vitest';

import { allowsAddress, wrongCidr } from './allows-address.ts';

test.each([
  [['10.0.0.0/8'], '10.255.0.1', true],
  [['10.0.0.0/8'], '11.0.0.1', false],
  [['10.0.0.0/8'], '::ffff:10.1.2.3', true],
  [['192.0.2.7'], '192.0.2.7', true],
  [['192.0.2.7'], '192.0.2.8', false],
  [['2001:db8::/32'], '2001:db8:1::5', true],
  [['2001:db8::/32'], '2001:db9::5', false],
  [['2001:db8::/32'], '10.0.0.1', false],
  [['::/0'], '10.0.0.1', false],
  [['10.0.0.0/8', '2001:db8::/32'], '2001:db8::1', true],
  [['fe80::/10'], 'fe80::1%eth0', true],
  [[], 'anything', true],
  [['0.0.0.0/0'], 'no address', false],
])('%j and %s: %s', (cidrs, address, allowed) => {
  expect(allowsAddress(cidrs, address)).toBe(allowed);
});

test.each(['10.0.0.0/33', '::/129', '10.0.0/8', '10.0.0.0/', '10.0.0.0/8/8', '300.0.0.1', 'a::g'])(
  '%s is no range',
  (cidr) => {
    expect(wrongCidr(['10.0.0.0/8', cidr])).toBe(cidr);
  },
);
