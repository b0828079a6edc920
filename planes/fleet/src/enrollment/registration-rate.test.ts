import { expect, test } from 'vitest';

import { networkOf, type Rate, RegistrationRate } from './registration-rate.ts';

const rate: Rate = { perSecond: 1, burst: 3 };
const take = (rates: RegistrationRate, nowMs: number, address = '192.0.2.1') =>
  rates.take(address, rate, { nowMs, of: '' });

test('a burst is admitted, then one a second, and each address has its own', () => {
  const rates = new RegistrationRate();
  for (let n = 0; n < 3; n++) expect(take(rates, 0).kind).toBe('admitted');
  expect(take(rates, 0)).toEqual({ kind: 'refused', retryAfterMs: 1_000 });
  expect(take(rates, 0, '192.0.2.2').kind).toBe('admitted');
  expect(take(rates, 999).kind).toBe('refused');
  expect(take(rates, 1_000).kind).toBe('admitted');
  expect(take(rates, 1_000).kind).toBe('refused');
});

test('those who come at once are told to come back one after another', () => {
  const rates = new RegistrationRate();
  const told = Array.from({ length: 50 }, () => take(rates, 0)).flatMap((turn) =>
    turn.kind === 'refused' ? [turn.retryAfterMs] : [],
  );
  expect(told).toEqual(Array.from({ length: 47 }, (_, n) => (n + 1) * 1_000));
});

test('fifty that keep to what they are told are all in before a minute is over', () => {
  const rates = new RegistrationRate();
  const due = Array.from({ length: 50 }, () => 0);
  let lastMs = 0;
  let asked = 0;
  while (due.length > 0) {
    due.sort((a, b) => a - b);
    const nowMs = due.shift() ?? 0;
    lastMs = nowMs;
    asked += 1;
    const turn = take(rates, nowMs);
    if (turn.kind === 'refused') due.push(nowMs + turn.retryAfterMs);
  }
  expect(lastMs).toBeLessThan(60_000);
  expect(asked).toBeLessThan(150);
});

test('what has a rate of its own is counted apart', () => {
  const rates = new RegistrationRate();
  for (let n = 0; n < 4; n++) take(rates, 0);
  expect(rates.take('192.0.2.1', rate, { nowMs: 0, of: 'acme' }).kind).toBe('admitted');
});

test.each([
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2'],
  ['2001:DB8::7', '2001:db8:0:0'],
  ['::1', '0:0:0:0'],
  ['2001:0db8:0001:0002::', '2001:db8:1:2'],
  ['::ffff:192.0.2.1', '192.0.2.1'],
])('%s counts as %s', (address, network) => {
  expect(networkOf(address)).toBe(network);
});
