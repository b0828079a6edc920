import { expect, test } from 'vitest';

import { DeploymentState } from './deployment-state.ts';
import { DEFAULT_ROUTING, PLAIN_TRAFFIC } from './routing.ts';

test('more failures than allowed within a minute are too many; spread over more they are not', () => {
  const quick = new DeploymentState();
  expect([0, 1, 2, 3, 4].map((ms) => quick.fail(ms, 3))).toEqual([false, false, false, true, true]);
  const slow = new DeploymentState();
  expect([0, 30_000, 60_000, 90_000].map((ms) => slow.fail(ms, 2))).toEqual([
    false,
    false,
    false,
    false,
  ]);
  expect(new DeploymentState().fail(5, 0)).toBe(true);
});

test('what it may have in a minute is counted, and forgotten with it', () => {
  const state = new DeploymentState();
  const traffic = { ...PLAIN_TRAFFIC, requestsPerMinute: 2, tokensPerMinute: 100 };
  state.countRequest(1_000);
  expect(state.isFull(1_000, traffic)).toBe(false);
  state.countRequest(2_000);
  expect(state.isFull(2_000, traffic)).toBe(true);
  expect(state.isFull(2_000, PLAIN_TRAFFIC)).toBe(false);
  expect(state.isFull(61_000, traffic)).toBe(false);
  state.countTokens(61_000, 100);
  expect(state.isFull(61_001, traffic)).toBe(true);
  expect(state.tokensThisMinute(61_001)).toBe(100);
  expect(state.tokensThisMinute(121_000)).toBe(0);
});

test('a latency leans to the newest, is kept apart for streams, and is forgotten in time', () => {
  const state = new DeploymentState();
  expect(state.latencyMs('whole', 0, DEFAULT_ROUTING)).toBeNull();
  state.measure('whole', 100, 0);
  state.measure('whole', 200, 10);
  expect(state.latencyMs('whole', 20, DEFAULT_ROUTING)).toBe(130);
  expect(state.latencyMs('stream', 20, DEFAULT_ROUTING)).toBeNull();
  expect(state.latencyMs('whole', 3_600_010, DEFAULT_ROUTING)).toBeNull();
});

test('a cooldown is only ever made longer, until it is found to be well', () => {
  const state = new DeploymentState();
  state.coolUntil(500);
  state.coolUntil(100);
  expect(state.coolsUntilMs()).toBe(500);
  state.warm();
  expect(state.coolsUntilMs()).toBe(-Infinity);
});
