import { expect, test } from 'vitest';

import { cpuUs, readCpuUs, residentMb } from './process-usage.ts';

test('CPU time is found behind a command that holds brackets and spaces', () => {
  const stat = '42 (a) b (c) S 1 42 42 0 -1 4194304 100 0 0 0 250 50 0 0 20 0 1 0 9 1 1';
  expect(readCpuUs(stat)).toBe(3_000_000);
});

test('a process that is gone has used nothing and holds nothing', () => {
  expect(cpuUs(2 ** 30)).toBe(0);
  expect(residentMb(2 ** 30)).toBeNaN();
  expect(residentMb(process.pid)).toBeGreaterThan(10);
});
