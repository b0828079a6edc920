import { createClient } from '@sagewai/sdk';
import { scriptedServer } from '@sagewai/testing/scripted-server';
import { expect, test } from 'vitest';

import { followEvents, type RunEvent, showEvent } from './follow-events.ts';

const RUN = '0199aaaa-0000-7000-8000-000000000001';
const event = (seq: number, of: Partial<RunEvent> = {}): RunEvent => ({
  seq,
  at: '2026-11-27T10:11:12.345Z',
  attempt: 1,
  kind: 'log',
  level: 'info',
  text: `line ${seq}`,
  fraction: null,
  data: null,
  left_out_before: 0,
  ...of,
});

const page = (events: readonly RunEvent[], next: number, isEnd = false): { json: object } => ({
  json: { events, next, state: isEnd ? 'completed' : 'running', is_end: isEnd, left_out: 0 },
});

test('follows by its cursor over a server that hangs up, each event once', async () => {
  const server = await scriptedServer();
  const seen: number[] = [];
  server.on('runs.listRunEvents', (_request, nth) => {
    if (nth === 1) return page([event(3), event(4)], 4);
    if (nth === 2) return 'hang up';
    if (nth === 3) return page([event(5)], 5);
    return page([], 5, true);
  });
  const context = { client: createClient({ url: server.url }) };
  const end = await followEvents(context, RUN, {
    after: 2,
    follow: true,
    onEvent: ({ seq }) => void seen.push(seq),
  });
  expect(seen).toEqual([3, 4, 5]);
  expect(end.state).toBe('completed');
  const asked = server.asked('runs.listRunEvents').map(({ query }) => query['after']);
  expect(asked).toEqual(['2', '4', '4', '5']);
});

test('without -f it ends with what there is', async () => {
  const server = await scriptedServer();
  server.on('runs.listRunEvents', () => page([event(1)], 1));
  const context = { client: createClient({ url: server.url }) };
  const options = { after: 0, follow: false, onEvent: () => undefined };
  expect((await followEvents(context, RUN, options)).next).toBe(1);
  expect(server.asked('runs.listRunEvents')[0]?.query).toEqual({ after: '0', limit: '1000' });
});

test.each([
  [event(1), ['10:11:12.345 line 1']],
  [event(1, { level: 'warn' }), ['10:11:12.345 warn: line 1']],
  [event(1, { kind: 'progress', level: null, fraction: 0.456, text: null }), ['10:11:12.345 45%']],
  [
    event(1, { kind: 'custom', level: null, text: 'x', data: { a: 1 } }),
    ['10:11:12.345 [x] {"a":1}'],
  ],
])('%j', (one, lines) => {
  expect(showEvent(one)).toEqual(lines);
});

test('says what was left out', () => {
  expect(showEvent(event(9, { left_out_before: 4 }))[0]).toContain('4 left out');
});
