import type { StreamEvents } from '@sagewai/sdk';
import { expect, test } from 'vitest';

import { addToTimeline, type Timeline } from './add-to-timeline.ts';

type Heard = StreamEvents['runs.streamTimeline'];

const AT = '2026-01-05T10:00:00.000Z';
const NOTHING: Timeline = { cursor: null, nodes: [], attempts: [], costUsd: '0', isEnd: false };
const summary = (costUsd: string): Extract<Heard, { event: 'state' }>['data'] => ({
  state: 'running',
  attempts: [],
  cost_usd: costUsd,
  calls: 1,
});
const tool = (key: string, state: string, id: string): Heard => ({
  id,
  event: 'node',
  data: {
    node: 'tool',
    key,
    at: AT,
    step: null,
    tool: 'search',
    mode: 'read',
    state,
    error: null,
    attempts: 1,
    arguments_digest: 'd',
    result_digest: null,
    decided_by: null,
    started_at: AT,
  },
});

test('what is told again of a node replaces it in its place, and the cursor is the last id', () => {
  const first = addToTimeline(NOTHING, [
    { id: '0', event: 'state', data: summary('0.1') },
    tool('a', 'running', '1'),
    tool('b', 'running', '2'),
  ]);
  expect(first).toMatchObject({ cursor: '2', costUsd: '0.1', isEnd: false });
  const then = addToTimeline(first, [
    tool('c', 'running', '3'),
    tool('a', 'completed', '4'),
    { id: '4-end', event: 'end', data: summary('0.2') },
  ]);
  expect(
    then.nodes.map((node) => (node.node === 'tool' ? `${node.key} ${node.state}` : '')),
  ).toEqual(['a completed', 'b running', 'c running']);
  expect(then).toMatchObject({ cursor: '4', costUsd: '0.2', isEnd: true });
});

test('what did not change stays the same object', () => {
  const first = addToTimeline(NOTHING, [tool('a', 'running', '1'), tool('b', 'running', '2')]);
  const then = addToTimeline(first, [tool('b', 'completed', '3')]);
  expect(then.nodes[0]).toBe(first.nodes[0]);
  expect(addToTimeline(then, []).nodes).toBe(then.nodes);
});
