import { describe, expect, test } from 'vitest';

import { type Probe, sickModels, statusOf } from './probe.ts';

const probe = (model: string, reachable: boolean | null): Probe => ({
  model,
  reachable,
  latency_ms: null,
  error: null,
});

describe('sickModels (P1, P2)', () => {
  test('are canonical; what nobody could be asked about is not among them', () => {
    const probes = [probe('ollama/llama3.1:70b', false), probe('gpt-4o', true), probe('x', null)];
    expect(sickModels(probes)).toEqual(['llama3.1-70b']);
  });

  test('a model that is served under one of its spellings is served', () => {
    expect(sickModels([probe('ollama/m', false), probe('openai/m', true)])).toEqual([]);
  });
});

test.each([
  [[probe('a', true)], 0, 'healthy'],
  [[probe('a', true), probe('b', false)], 0, 'degraded'],
  [[probe('a', true), probe('b', null)], 0, 'healthy'],
  [[probe('a', null)], 0, 'unknown'],
  [[], 0, 'unknown'],
  [[probe('a', false)], 1_001, 'unknown'],
])('statusOf %j after %i ms is %s', (probes, ageMs, status) => {
  expect(statusOf({ probes, ageMs }, 1_000)).toBe(status);
  expect(statusOf(null, 1_000)).toBe('unknown');
});
