import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { expect, test } from 'vitest';

import { shell } from '../shell-fixture.ts';

const ID = '0199aaaa-0000-7000-8000-000000000001';
const OTHER = '0199aaaa-0000-7000-8000-000000000002';
const AT = '2026-01-01T00:00:00Z';

const step = (name: string, of: Record<string, unknown> = {}) => ({
  seq: 1,
  change: 1,
  name,
  ordinal: 0,
  kind: 'step',
  state: 'completed',
  input_digest: null,
  result_digest: null,
  error: null,
  is_final: false,
  tries: 1,
  started_at: AT,
  ended_at: AT,
  attempt: 1,
  epoch: 7,
  worker_id: null,
  ...of,
});
const node = (name: string, of: Record<string, unknown> = {}) => ({
  node: 'step',
  key: `${name}#0`,
  at: AT,
  ...step(name, of),
});
const call = {
  node: 'call',
  key: OTHER,
  entry: 0,
  at: AT,
  step: 'one#0',
  model: 'gpt-4o',
  deployment: 'd',
  status: 'ok',
  cost_usd: '0.25',
  input_tokens: 1,
  output_tokens: 1,
  usage_source: 'provider',
  started_at: AT,
};
const summary = { state: 'completed', attempts: [], cost_usd: '0.25', calls: 1 };
const frame = (id: string, event: string, data: object) =>
  `id: ${id}\nevent: ${event}\ndata: ${JSON.stringify(data)}\n\n`;

test('a timeline is read to its end, and a step that has changed stands once', async () => {
  const { server, run } = await shell();
  server.on('runs.readTimeline', ({ query }) => {
    const nodes =
      query['cursor'] === undefined
        ? [node('one', { state: 'running', ended_at: null })]
        : query['cursor'] === '1'
          ? [node('one'), call]
          : [];
    const next = String(Number(query['cursor'] ?? 0) + 1);
    return { json: { nodes, next, is_end: nodes.length === 0, ...summary } };
  });
  const { out, err } = await run(['runs', 'timeline', ID]);
  expect(out.split('\n')).toHaveLength(3);
  expect(out).toMatch(/step +one#0 +completed/);
  expect(out).toMatch(/call +gpt-4o +ok +- +\$0\.25 +one#0/);
  expect(err).toContain('completed, 0 attempts, 1 calls, $0.25');
});

test('a timeline is followed over a connection that breaks off, each node once', async () => {
  const { server, run } = await shell();
  const headers = { 'content-type': 'text/event-stream' };
  server.on('runs.streamTimeline', (_asked, nth) =>
    nth === 1
      ? {
          headers,
          text: `retry: 1\n\n${frame('1', 'node', node('one'))}id: 2\nevent: node\n`,
          breaksOff: true,
        }
      : {
          headers,
          text:
            frame('2', 'node', node('two')) +
            frame('2', 'state', summary) +
            frame('2-end', 'end', summary),
        },
  );
  const { code, out, err } = await run(['runs', 'timeline', ID, '--follow']);
  expect(code).toBe(0);
  expect(out.split('\n').map((line) => line.split('  ')[2])).toEqual(['one#0', 'two#0']);
  expect(err).toContain('completed, 0 attempts');
  const again = await server.reached('runs.streamTimeline', 2);
  expect(again.headers['last-event-id']).toBe('1');
  const json = await run(['runs', 'timeline', ID, '-f', '--json']);
  const events = json.out.split('\n').map((line) => (JSON.parse(line) as { event: string }).event);
  expect(events).toEqual(['node', 'state', 'end']);
});

test('a replay says from which step, and with which input', async () => {
  const { server, run, home } = await shell();
  server.on('runs.replayRun', () => ({
    status: 201,
    json: { id: OTHER, replay_of: ID, steps: 2 },
  }));
  const file = join(home, 'input.json');
  writeFileSync(file, '{"cents": 5}');
  const { out, err } = await run(['runs', 'replay', ID, '--from', 'charge#1', '--edit', file]);
  expect(out).toBe(OTHER);
  expect(err).toContain('begins with 2 finished steps');
  const asked = await server.reached('runs.replayRun');
  expect(asked.body).toEqual({ from: 'charge#1', input: { cents: 5 } });
  writeFileSync(file, 'cents: 5');
  expect(await run(['runs', 'replay', ID, '--edit', file])).toMatchObject({
    code: 2,
    err: expect.stringContaining('--edit'),
  });
});

test('a difference names each step of either run, over pages', async () => {
  const { server, run } = await shell();
  const of: Record<string, readonly object[]> = {
    [ID]: [
      { ...step('same'), result: 1 },
      { ...step('result'), result: 1 },
      { ...step('input', { input_digest: 'a' }), result: 1 },
      { ...step('state'), result: 1 },
      { ...step('gone'), result: 1 },
    ],
    [OTHER]: [
      { ...step('same'), result: 1 },
      { ...step('result'), result: 2 },
      { ...step('input', { input_digest: 'b' }), result: 2 },
      { ...step('state', { state: 'failed', error: 'no' }), result: null },
      { ...step('new'), result: 1 },
    ],
  };
  server.on('runs.readJournal', ({ params, query }) => {
    const after = Number(query['after']);
    return {
      json: {
        steps: of[params['run_id'] ?? '']?.slice(after, after + 3) ?? [],
        next: after + 3,
        is_end: after > 0,
        seed: 's',
        started_at: AT,
        replay_of: null,
        format: 1,
        resumed_epoch: null,
      },
    };
  });
  const { out, err } = await run(['runs', 'diff', ID, OTHER]);
  const lines = out.split('\n').slice(1);
  expect(lines.map((line) => line.split(/ {2,}/))).toEqual([
    ['same#0', 'same'],
    ['result#0', 'another result'],
    ['input#0', 'another input'],
    ['state#0', 'completed, then failed'],
    ['gone#0', 'only in the one'],
    ['new#0', 'only in the other'],
  ]);
  expect(err).toContain('5 of 6 steps differ');
});
