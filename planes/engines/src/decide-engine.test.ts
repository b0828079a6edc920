import { describe, expect, test } from 'vitest';

import { decideEngine, type EngineLimits, type Seen } from './decide-engine.ts';
import type { Engine } from './engine.ts';
import { checkCommands, readCommand, wordsFor } from './read-commands.ts';
import { parseGpus } from './read-gpus.ts';
import { createWatch } from './watch.ts';

const at = new Date('2026-11-28T10:00:00Z');
const limits: EngineLimits = { failuresMax: 3, restartsMax: 3, startMs: 60_000, drainMs: 10_000 };
const engine = (of: Partial<Engine>): Engine => ({
  id: 'e',
  model: 'm',
  host: '127.0.0.1',
  port: 8001,
  kind: 'llm',
  state: 'READY',
  replica: 'r',
  backend: 'vllm',
  options: {},
  metadata: {},
  memoryGb: null,
  createdAt: at,
  stateAt: at,
  heartbeatAt: null,
  seenAt: at,
  failures: 0,
  restarts: 0,
  problem: null,
  ...of,
});
const seen = (of: Partial<Seen> = {}): Seen => ({
  process: 'alive',
  answers: true,
  now: at,
  ...of,
});
const decide = (of: Partial<Engine>, looked: Partial<Seen>) => {
  const { state, act, restarts } = decideEngine(engine(of), seen(looked), limits);
  return { state, act, restarts };
};
const later = (ms: number): Date => new Date(at.getTime() + ms);

describe('what becomes of an engine', () => {
  test('it is ready when it answers, and in error when it takes too long to', () => {
    expect(decide({ state: 'STARTING' }, {})).toMatchObject({ state: 'READY', act: 'none' });
    const silent = { answers: false };
    expect(decide({ state: 'STARTING' }, silent)).toMatchObject({ state: 'STARTING' });
    expect(decide({ state: 'STARTING' }, { ...silent, now: later(60_000) })).toMatchObject({
      state: 'ERROR',
      act: 'stop',
    });
  });

  test('one whose process ends is started again, three times at most (N3)', () => {
    const ended = { process: 'ended', answers: false } as const;
    expect(decide({ restarts: 2 }, ended)).toEqual({
      state: 'STARTING',
      act: 'start',
      restarts: 3,
    });
    expect(decide({ restarts: 3 }, ended)).toEqual({ state: 'ERROR', act: 'stop', restarts: 3 });
    expect(decide({ state: 'STARTING', restarts: 3 }, ended).state).toBe('ERROR');
  });

  test('three looks without an answer are a failure; of one that is not ours it may end by itself', () => {
    const silent = { answers: false };
    expect(decide({ failures: 1 }, silent)).toMatchObject({ state: 'READY' });
    expect(decide({ failures: 2 }, silent)).toMatchObject({ state: 'STARTING', act: 'start' });
    const theirs = { process: 'not ours' } as const;
    expect(decide({ failures: 2 }, { ...silent, ...theirs })).toMatchObject({ state: 'ERROR' });
    expect(decide({ state: 'ERROR' }, theirs)).toMatchObject({ state: 'READY' });
    expect(decide({ state: 'ERROR' }, {})).toMatchObject({ state: 'ERROR', act: 'none' });
    expect(decide({ failures: 2 }, {})).toMatchObject({ state: 'READY' });
  });

  test('one that is drained stops when its calls have had their time', () => {
    expect(decide({ state: 'DRAINING' }, {})).toMatchObject({ state: 'DRAINING', act: 'none' });
    expect(decide({ state: 'DRAINING' }, { now: later(10_000) })).toMatchObject({
      state: 'STOPPED',
      act: 'stop',
    });
    expect(decide({ state: 'STOPPED' }, { now: later(99_999) })).toMatchObject({ act: 'none' });
  });
});

test('a command line is the operator’s: of a request it gets single words (N2)', () => {
  const line = 'vllm=/opt/vllm serve {model} --port={port} -tp {tensor_parallel_size}';
  expect(checkCommands([line])).toBeNull();
  const command = readCommand(line);
  if (command === null) throw new Error('it cannot be read');
  const of = { model: 'a b; rm -rf $HOME {port}', port: 8001, options: {} };
  expect(wordsFor(command, of)).toEqual([
    'serve',
    'a b; rm -rf $HOME {port}',
    '--port=8001',
    '-tp',
    '1',
  ]);
  expect(checkCommands(['vllm=vllm serve {port}'])).toContain('/program');
  expect(checkCommands(['vllm=/bin/vllm {port} {shell}'])).toContain('no other places');
  expect(checkCommands(['vllm=/bin/vllm'])).toContain('{port}');
});

test('what nvidia-smi tells is read, and nothing is made of what it does not', () => {
  expect(parseGpus('0, NVIDIA A100, 81920, 1024, 37\n')).toEqual([
    {
      index: 0,
      name: 'NVIDIA A100',
      memory_total_mb: 81_920,
      memory_used_mb: 1_024,
      utilization_percent: 37,
    },
  ]);
  expect(parseGpus('no devices were found')).toEqual([]);
});

test('who judges silence has looked without a break for as long (N4)', () => {
  const watchedMs = createWatch(30_000);
  expect([0, 10_000, 40_000].map((ms) => watchedMs(later(ms)))).toEqual([0, 10_000, 40_000]);
  // The database was away: all have been silent.
  expect([100_000, 120_000].map((ms) => watchedMs(later(ms)))).toEqual([0, 20_000]);
});
