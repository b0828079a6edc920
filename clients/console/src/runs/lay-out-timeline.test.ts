import { expect, test } from 'vitest';

import { type Attempt, layOutTimeline, mergeNodes, type TimelineNode } from './lay-out-timeline.ts';

const at = (second: number): string => new Date(1_760_000_000_000 + second * 1_000).toISOString();
const NOW = Date.parse(at(60));

const attempt = (number: number, from: number, to: number | null): Attempt => ({
  attempt: number,
  worker_id: null,
  worker_name: 'w',
  epoch: number,
  started_at: at(from),
  ended_at: to === null ? null : at(to),
  error: null,
  error_class: null,
});
const step = (name: string, from: number, to: number | null): TimelineNode => ({
  node: 'step',
  key: `${name}#0`,
  at: at(to ?? from),
  seq: 1,
  change: 1,
  name,
  ordinal: 0,
  kind: 'step',
  state: to === null ? 'running' : 'completed',
  input_digest: null,
  result_digest: null,
  error: null,
  is_final: true,
  tries: 1,
  started_at: at(from),
  ended_at: to === null ? null : at(to),
  attempt: 1,
  epoch: 1,
  worker_id: null,
});
const modelCall = (key: string, from: number, of: string | null): TimelineNode => ({
  node: 'call',
  key,
  entry: 0,
  at: at(from + 1),
  step: of,
  model: 'm',
  deployment: 'd',
  status: 'ok',
  cost_usd: '0',
  input_tokens: 1,
  output_tokens: 1,
  usage_source: 'provider',
  started_at: at(from),
});

test('calls stand under the step that made them, steps under their attempt, by time', () => {
  const bars = layOutTimeline(
    {
      attempts: [attempt(1, 0, 10), attempt(2, 20, null)],
      nodes: [
        modelCall('late', 23, 'second#0'),
        step('second', 22, null),
        step('first', 1, 5),
        modelCall('loose', 6, null),
      ],
    },
    NOW,
  );
  expect(bars.map(({ key, depth }) => `${depth} ${key}`)).toEqual([
    '0 attempt 1 1',
    '1 step first#0',
    '1 call loose 0',
    '0 attempt 2 2',
    '1 step second#0',
    '2 call late 0',
  ]);
});

test('what goes on ends now', () => {
  const [bar] = layOutTimeline({ attempts: [attempt(1, 0, null)], nodes: [] }, NOW);
  expect(bar).toMatchObject({ isOpen: true, endMs: NOW });
});

test('what is told again replaces what was told before', () => {
  const known = mergeNodes([], [step('a', 1, null), modelCall('c', 2, null)]);
  const merged = mergeNodes(known, [step('a', 1, 4)]);
  expect(merged).toHaveLength(2);
  expect(merged[0]).toMatchObject({ key: 'a#0', ended_at: at(4) });
  expect(mergeNodes(known, [])).toBe(known);
});
