import { expect, test } from 'vitest';

import { readOnOutage } from './on-outage.ts';

test('a key is open when it says so, or its team does and it says nothing else', () => {
  expect(readOnOutage(undefined, undefined)).toBe('closed');
  expect(readOnOutage('open', undefined)).toBe('open');
  expect(readOnOutage(null, 'open')).toBe('open');
  expect(readOnOutage('closed', 'open')).toBe('closed');
  expect(readOnOutage('open', 'closed')).toBe('closed');
  expect(readOnOutage('Open', undefined)).toBe('closed');
  expect(readOnOutage('open', { yes: true })).toBe('closed');
});
