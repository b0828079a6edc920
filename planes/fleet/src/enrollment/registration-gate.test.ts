import { Fault } from '@sagewai/fault';
import type { OrganizationId } from '@sagewai/wire';
import { expect, test } from 'vitest';

import { RegistrationGate } from './registration-gate.ts';

const ORG = 'o' as OrganizationId;

function gate() {
  const clock = { nowMs: 0 };
  const made = new RegistrationGate({
    perSecond: 1,
    burst: 2,
    trustMs: 10_000,
    monotonicMs: () => clock.nowMs,
  });
  const entered = (count: number, shown?: string): number => {
    let admitted = 0;
    for (let n = 0; n < count; n++) {
      try {
        made.enter('192.0.2.1', shown);
        admitted += 1;
      } catch (thrown) {
        expect(thrown).toBeInstanceOf(Fault);
        expect(thrown).toMatchObject({ code: 'rate.exceeded' });
      }
    }
    return admitted;
  };
  return { made, clock, entered };
}

test("an organization's rate counts for its key once it is known, and for no other", () => {
  const { made, clock, entered } = gate();
  expect(entered(10, 'sk-fleet-a')).toBe(2);
  made.learn('sk-fleet-a', ORG, 5);
  expect(entered(10, 'sk-fleet-a')).toBe(5);
  expect(entered(10, 'sk-fleet-b')).toBe(0);
  clock.nowMs = 1_000;
  expect(entered(10, 'sk-fleet-a')).toBe(5);
  expect(entered(10)).toBe(1);
});

test('it is forgotten when it is old, and when the organization takes it back', () => {
  const { made, clock, entered } = gate();
  made.learn('sk-fleet-a', ORG, 5);
  clock.nowMs = 10_000;
  expect(entered(10, 'sk-fleet-a')).toBe(2);
  made.learn('sk-fleet-a', ORG, 5);
  made.learn('sk-fleet-a', ORG, null);
  expect(entered(10, 'sk-fleet-a')).toBe(0);
});
