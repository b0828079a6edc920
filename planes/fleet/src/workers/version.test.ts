import { randomUUID } from 'node:crypto';

import { expect, test } from 'vitest';

import { allowedByRamp, isMistakenPin, rampedVersion, satisfiesPin } from './version.ts';

test.each([
  ['2.0', '2.0', true],
  ['2.0.0', '=2.0.0', true],
  ['2.0.1', '2.0', true],
  ['2.1.0', '2.0', false],
  ['2.9', '2.x', true],
  ['3.0.0', '2.x', false],
  ['7', '*', true],
  ['1.2.9', '~1.2.3', true],
  ['1.2.2', '~1.2.3', false],
  ['1.3.0', '~1.2.3', false],
  ['1.9.0', '^1.2', true],
  ['2.0.0', '^1.2', false],
  ['0.2.9', '^0.2.3', true],
  ['0.3.0', '^0.2.3', false],
  ['0.0.4', '^0.0.3', false],
  ['2.5.0', '>=2 <3', true],
  ['3.0.0', '>=2 <3', false],
  ['2.1.7', '>2.1', false],
  ['2.2.0', '> 2.1', true],
  ['2.1.7', '<=2.1', true],
  ['1.0.0', '<1 || >=4', false],
  ['4.0.0', '<1 || >=4', true],
  ['2.0.0-rc.1', '>=1', false],
  ['2.0.0-rc.2', '>=2.0.0-rc.1', true],
  ['2.0.0-rc.10', '>2.0.0-rc.2 <2.0.0', true],
  ['2.1.0-rc.2', '>=2.0.0-rc.1', false],
  ['v2.0.0', '2.0.0', true],
  ['build-77', 'build-77', true],
  ['build-77', '>=1', false],
  ['10.0.0', '>=9.0.0', true],
])('a worker of version %s and the pin %s: %s', (version, pin, expected) => {
  expect(satisfiesPin(version, pin)).toBe(expected);
});

test('a worker that says no version satisfies no pin', () => {
  expect(satisfiesPin(null, '*')).toBe(false);
});

test('a pin that is meant as a range must be one', () => {
  expect(['>=two', '^', '1.2 3.four', '> '].map((pin) => isMistakenPin(pin))).toEqual([
    true,
    true,
    true,
    true,
  ]);
  expect(['build-77', '2.0', '>=2 <3', '^1'].map((pin) => isMistakenPin(pin))).toEqual([
    false,
    false,
    false,
    false,
  ]);
});

test('a ramp takes its share of runs, and what it has taken stays when it grows', () => {
  const runs = Array.from({ length: 4_000 }, () => randomUUID());
  const chosen = (percent: number): Set<string> =>
    new Set(runs.filter((run) => rampedVersion(run, { version: '2.0', percent }) === '2.0'));
  expect(chosen(0).size).toBe(0);
  expect(chosen(100).size).toBe(runs.length);
  const ten = chosen(10);
  // Six standard deviations around a tenth.
  expect(Math.abs(ten.size - 400)).toBeLessThan(6 * Math.sqrt(4_000 * 0.1 * 0.9));
  const fifty = chosen(50);
  expect([...ten].every((run) => fifty.has(run))).toBe(true);
});

test('while a pool ramps, chosen runs go to the new version and all others do not', () => {
  const ramp = { version: '2.0', percent: 10 };
  expect(allowedByRamp('2.0', '2.0', ramp)).toBe(true);
  expect(allowedByRamp('1.0', '2.0', ramp)).toBe(false);
  expect(allowedByRamp('2.0', undefined, ramp)).toBe(false);
  expect(allowedByRamp('1.0', undefined, ramp)).toBe(true);
  expect(allowedByRamp(null, undefined, ramp)).toBe(true);
});

test('a ramp that has ended, was taken back or replaced strands no run', () => {
  expect(allowedByRamp('1.0', '2.0', null)).toBe(true);
  expect(allowedByRamp('2.0', undefined, { version: '2.0', percent: 100 })).toBe(true);
  expect(allowedByRamp('1.0', undefined, { version: '2.0', percent: 100 })).toBe(false);
  expect(allowedByRamp('1.0', '2.0', { version: '2.0', percent: 0 })).toBe(true);
  expect(allowedByRamp('2.0', '2.0', { version: '2.0', percent: 0 })).toBe(false);
  expect(allowedByRamp('1.0', '2.0', { version: '3.0', percent: 10 })).toBe(true);
});
