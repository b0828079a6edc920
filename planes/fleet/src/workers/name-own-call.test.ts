import type { RunId, WorkerId } from '@sagewai/wire';
import { expect, test } from 'vitest';

import { nameOwnCall } from './name-own-call.ts';

const WORKER = '0199aaaa-0000-7000-8000-000000000001' as WorkerId;
const RUN = '0199aaaa-0000-7000-8000-000000000002' as RunId;
const call = { workerId: WORKER, runId: RUN, key: 'first' };

test('is the same for the same call, another for each other one, and a UUID', () => {
  const others = [
    call,
    { ...call, key: 'second' },
    { ...call, runId: WORKER as string as RunId },
    { ...call, workerId: RUN as string as WorkerId },
  ].map(nameOwnCall);
  expect(new Set(others).size).toBe(4);
  expect(nameOwnCall({ ...call })).toBe(others[0]);
  for (const id of others)
    expect(id).toMatch(/^[\da-f]{8}-[\da-f]{4}-8[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/);
});
