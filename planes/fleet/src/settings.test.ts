import { expect, test } from 'vitest';

import { completeSettings } from './settings.ts';

test('a lease goes back after 1.5 heartbeats without its name, but never while the answer to its claim may be on its way', () => {
  expect(completeSettings({}).unheldGraceMs).toBe(45_000);
  expect(completeSettings({ heartbeatIntervalMs: 200 }).unheldGraceMs).toBe(3_000);
  expect(completeSettings({ heartbeatIntervalMs: 200, unheldGraceMs: 10 }).unheldGraceMs).toBe(10);
});
