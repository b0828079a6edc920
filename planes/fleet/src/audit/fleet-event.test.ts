import { ALERT_TYPES, type ChainEntry, FLEET_EVENT_TYPES, GENESIS_HASH } from '@sagewai/wire';
import { describe, expect, test } from 'vitest';

import { ACTIONS_OF, eventsOf } from './fleet-event.ts';

const entry = (of: Partial<ChainEntry>): ChainEntry => ({
  version: 1,
  organization_id: 'o',
  seq: 9,
  at: '2026-11-27T12:00:00.000000Z',
  actor: 'token:t',
  action: 'fleet.approveWorker',
  subject: 'worker:w1',
  outcome: 'ok',
  request_id: '',
  details: '{}',
  previous_hash: GENESIS_HASH,
  hash: 'h',
  ...of,
});

describe('eventsOf', () => {
  test('every type has its actions, and no action two types', () => {
    expect(Object.keys(ACTIONS_OF)).toEqual([...FLEET_EVENT_TYPES]);
    const { 'worker.approval_given': partial, ...others } = ACTIONS_OF;
    const actions = Object.values(others).flat();
    expect(new Set(actions).size).toBe(actions.length);
    expect(actions).toEqual(expect.arrayContaining([...partial]));
  });

  test('what an alert of the fleet is raised for is an event too', () => {
    const isOfFleet = (type: string): boolean =>
      !/^(?:alert|break_glass|budget|webhook)\./.test(type);
    const alerts = ALERT_TYPES.filter(isOfFleet);
    expect(alerts.length).toBeGreaterThan(3);
    expect([...FLEET_EVENT_TYPES]).toEqual(expect.arrayContaining(alerts));
  });

  test('an entry about a worker is one event', () => {
    expect(eventsOf(entry({ details: '{"approvals":1}' }))).toEqual([
      {
        seq: 9,
        index: 0,
        type: 'worker.approved',
        worker: 'w1',
        subject: 'worker:w1',
        actor: 'token:t',
        details: { approvals: 1 },
        at: '2026-11-27T12:00:00.000000Z',
      },
    ]);
  });

  test('the first of two approvals has approved nothing', () => {
    const typesOf = (details: object): string[] =>
      eventsOf(entry({ details: JSON.stringify(details) })).map(({ type }) => type);
    expect(typesOf({ approvals: 1, approvals_needed: 2 })).toEqual(['worker.approval_given']);
    expect(typesOf({})).toEqual(['worker.approved']);
  });

  test('a batch is as many events as it has records, each with its worker', () => {
    const details = JSON.stringify({
      kind: 'run.claimed',
      count: 3,
      digest: 'd',
      ids: 'r1 r2 r3',
      workers: '5 6 0',
    });
    const events = eventsOf(entry({ action: 'run.claimed', subject: 'batch', details }));
    expect(events.map(({ index, subject, worker }) => [index, subject, worker])).toEqual([
      [0, 'run:r1', 5],
      [1, 'run:r2', 6],
      [2, 'run:r3', null],
    ]);
  });

  test('a batch that names only its ends is one event that says how many', () => {
    const details = JSON.stringify({
      kind: 'run.reported',
      count: 900,
      digest: 'd',
      first: 'a',
      last: 'z',
    });
    expect(eventsOf(entry({ action: 'run.reported', subject: 'batch', details }))).toMatchObject([
      { type: 'run.reported', subject: null, worker: null, details: { count: 900, first: 'a' } },
    ]);
  });

  test('what was refused, and what is not the fleet’s, is none', () => {
    expect(eventsOf(entry({ outcome: 'caller.forbidden' }))).toEqual([]);
    expect(eventsOf(entry({ action: 'gateway.createKey' }))).toEqual([]);
  });
});
