import { expect, test } from 'vitest';

import { patienceMs } from './judge-silence.ts';

const of = { workerSilenceMs: 300_000, massSilenceShare: 0.5, massSilenceWorkers: 3 };

test.each([
  [{ holders: 0, silent: 0 }, 300_000],
  [{ holders: 10, silent: 1 }, 300_000],
  [{ holders: 10, silent: 5 }, 300_000],
  [{ holders: 10, silent: 6 }, 600_000],
  [{ holders: 2, silent: 2 }, 300_000],
  [{ holders: 3, silent: 3 }, 600_000],
])('%j: %i ms', (silence, ms) => {
  expect(patienceMs(silence, of)).toBe(ms);
});
