import type { OrganizationId, ProjectId, WorkerId } from '@sagewai/wire';
import { describe, expect, test } from 'vitest';

import type { Binding } from '../limits/limits.sql.ts';
import { explainPlacement } from './explain-placement.ts';
import { judgeQueue } from './judge-queue.ts';
import type { PlacementFacts, WorkerFact } from './placement-facts.ts';

const PROJECT = 'p' as ProjectId;

const worker = (name: string, of: Partial<WorkerFact> = {}): WorkerFact => ({
  id: name as WorkerId,
  num: 1,
  name,
  state: 'approved',
  projectId: null,
  pool: 'gpu',
  models: ['gpt-4o'],
  sick: [],
  labels: { region: 'eu' },
  max: 2,
  active: 0,
  isHeard: true,
  isDraining: false,
  ...of,
});

const facts = (
  workers: readonly WorkerFact[],
  of: Partial<PlacementFacts> = {},
): PlacementFacts => ({
  state: 'queued',
  projectId: PROJECT,
  requirement: { pool: 'gpu', model: 'gpt-4o', labels: { region: 'eu' } },
  scheduledFor: null,
  waitsFor: null,
  workerName: null,
  cancelRequested: false,
  isDeadLetter: false,
  ahead: 0,
  isAheadCounted: true,
  bindings: [],
  workerNum: null,
  directedTo: null,
  directedUntil: null,
  movesThen: false,
  workers,
  ...of,
});

const bound = (of: Partial<Binding>): Binding => ({
  orgId: 'o' as OrganizationId,
  pool: null,
  projectId: null,
  key: null,
  maxRunning: null,
  startsMax: null,
  startsPerMs: null,
  room: null,
  held: null,
  ...of,
});

const us = { labels: { region: 'us' } };
const memory = {
  selectors: [{ label: 'memory', op: 'gte' as const, values: ['24'] }],
  preferences: [],
};

describe('explainPlacement', () => {
  test.for([
    [
      'no_worker',
      facts([worker('a', { pool: 'cpu' }), worker('b', { state: 'pending' })]),
      'No approved worker is in pool gpu (1 worker of it waits to be approved); 1 worker in other pools.',
    ],
    [
      'no_model',
      facts([worker('a', { models: ['x'] }), worker('b', { models: [] })]),
      'None of the 2 workers in pool gpu has the model gpt-4o.',
    ],
    [
      'labels_missing',
      facts([
        worker('a', us),
        worker('b', us),
        worker('c', { labels: {} }),
        worker('d', { models: [] }),
      ]),
      'In pool gpu, region=eu is missing on 3 of 4.',
    ],
    [
      'labels_missing',
      facts([worker('a')], {
        requirement: { pool: 'gpu', model: '*', labels: {}, routing: memory },
      }),
      'In pool gpu, memory>=24 is missing on 1 of 1.',
    ],
    [
      'other_project',
      facts([worker('a', { projectId: 'other' as ProjectId })]),
      '1 worker of the pool work for another project only.',
    ],
    [
      'paused',
      facts([worker('a')], {
        bindings: [
          bound({ projectId: PROJECT, held: 'paused' }),
          bound({ pool: 'gpu', held: 'paused' }),
        ],
      }),
      'Its project is paused. Pool gpu is paused.',
    ],
    [
      'paused',
      facts([worker('a')], {
        bindings: [bound({ projectId: PROJECT, pool: 'gpu', held: 'paused' })],
      }),
      'Its project is paused in pool gpu.',
    ],
    [
      'capped',
      facts([worker('a')], {
        bindings: [bound({ projectId: PROJECT, maxRunning: 20, room: 0, held: 'cap' })],
      }),
      '20 runs of its project are running, and no more may.',
    ],
    [
      'capped',
      facts([worker('a')], {
        bindings: [bound({ projectId: PROJECT, key: 'k', maxRunning: 1, room: 0, held: 'cap' })],
      }),
      '1 run of the concurrency key k is running, and no more may.',
    ],
    [
      'rate_limited',
      facts([worker('a')], {
        bindings: [
          bound({ pool: 'gpu', startsMax: 10, startsPerMs: 1_000, room: 0, held: 'rate' }),
        ],
      }),
      '10 runs in pool gpu have started within 1 second, and no more may.',
    ],
    [
      'unreachable',
      facts([worker('a', { sick: ['gpt-4o'] }), worker('b', { sick: ['gpt-4o'] }), worker('c')]),
      'The model gpt-4o cannot be reached on 2 of the 3 workers that may have it.',
    ],
    [
      'directed',
      facts([worker('a', { num: 2 })], {
        workerNum: 1,
        directedTo: 'b',
        directedUntil: new Date('2026-12-01T14:00:00Z'),
      }),
      'It is for the worker b alone, until 2026-12-01T14:00:00.000Z; then it fails.',
    ],
    [
      'directed',
      facts([worker('a')], {
        workerNum: 1,
        directedTo: 'a',
        directedUntil: new Date('2026-12-01T14:00:00Z'),
        movesThen: true,
      }),
      'It is for the worker a alone, until 2026-12-01T14:00:00.000Z; then any that matches may have it.',
    ],
    [
      'silent',
      facts([worker('a', { isHeard: false })]),
      'The one worker that matches has not been heard lately.',
    ],
    [
      'draining',
      facts([worker('a', { isDraining: true })]),
      'Every worker that matches is draining.',
    ],
    [
      'full',
      facts([worker('a', { active: 2 }), worker('b', { active: 3 }), worker('c', us)]),
      'All 2 workers that match are full.',
    ],
    ['behind', facts([worker('a')], { ahead: 12 }), '12 runs of its line come before it.'],
    [
      'behind',
      facts([worker('a')], { ahead: 1_000, isAheadCounted: false }),
      'at least 1000 runs of its line come before it.',
    ],
    ['behind', facts([worker('a')]), 'It is next: a worker that matches has room for it.'],
    [
      'scheduled',
      facts([worker('a')], { scheduledFor: new Date('2026-12-01T14:00:00Z') }),
      'It is scheduled for 2026-12-01T14:00:00.000Z.',
    ],
    [
      'waiting',
      facts([], { state: 'waiting', waitsFor: 'the signal go' }),
      'It waits for the signal go.',
    ],
    ['running', facts([], { state: 'running', workerName: 'a' }), 'It is running, on a.'],
    [
      'running',
      facts([], { state: 'running', workerName: 'a', cancelRequested: true }),
      'It is running, on a, which is told to stop it.',
    ],
    ['ended', facts([], { state: 'cancelled' }), 'It has ended: cancelled.'],
    [
      'ended',
      facts([], { state: 'failed', isDeadLetter: true }),
      'It has failed and is a dead letter: redrive it to try again.',
    ],
  ] as const)('says %s', ([code, given, text]) => {
    expect(explainPlacement(given).reasons[0]).toEqual({ code, text });
  });

  test('does not say that it is next while a limit holds it back', () => {
    for (const held of ['paused', 'cap', 'rate'] as const) {
      const { reasons } = explainPlacement(facts([worker('a')], { bindings: [bound({ held })] }));
      expect(reasons).toHaveLength(1);
      expect(reasons[0]?.code).not.toBe('behind');
    }
  });

  test('a limit with room and a model that is not asked for say nothing', () => {
    const { reasons } = explainPlacement(
      facts([worker('a'), worker('b', { sick: ['other'] })], {
        bindings: [bound({ maxRunning: 2, room: 1 })],
      }),
    );
    expect(reasons.map(({ code }) => code)).toEqual(['behind']);
  });

  test('has always something to say', () => {
    const odd = facts([worker('a', { models: ['x'] }), worker('b', us)]);
    expect(explainPlacement(odd).reasons.length).toBeGreaterThan(0);
  });

  test('names the five workers that lack least, and what', () => {
    const far = Array.from({ length: 5 }, (_, n) => worker(`far${n}`, { ...us, models: [] }));
    const { nearest, matching } = explainPlacement(
      facts([...far, worker('full', { active: 2 }), worker('elsewhere', us)]),
    );
    expect(matching).toBe(1);
    expect(
      nearest.map(({ worker: { name }, lacks }) => [name, lacks.map(({ text }) => text)]),
    ).toEqual([
      ['full', ['it is full: 2 of 2']],
      ['elsewhere', ['label region is "us", not "eu"']],
      ...['far0', 'far1', 'far2'].map((name) => [
        name,
        ['it does not have the model gpt-4o', 'label region is "us", not "eu"'],
      ]),
    ]);
  });
});

describe('judgeQueue', () => {
  const queue = { requirement: facts([]).requirement, projectId: PROJECT };

  test('a queue whose workers are full is served; one whose workers are away or sick is not', () => {
    expect(judgeQueue(queue, [worker('a', { active: 2 })])).toBeNull();
    expect(judgeQueue(queue, [worker('a', { isHeard: false })])).toContain('has not been heard');
    expect(judgeQueue(queue, [worker('a', { sick: ['gpt-4o'] })])).toContain('cannot be reached');
    expect(judgeQueue(queue, [])).toContain('No approved worker is in pool gpu');
  });
});
