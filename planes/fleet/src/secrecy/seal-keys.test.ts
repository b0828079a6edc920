import { makeHpkeKeyPair, sealKeyText, sealPayload } from '@sagewai/seal';
import type { OrganizationId } from '@sagewai/wire';
import { expect, test } from 'vitest';

import { isSealedFor, NamedKeys, SEAL_KEY_LABEL, sealDemandOf } from './seal-keys.ts';

const of = { organizationId: 'org', projectId: 'project' };
const keys = [0, 1].map(() => sealKeyText(makeHpkeKeyPair()));
const payload = sealPayload({}, { ...of, recipients: keys, submitter: makeHpkeKeyPair() });

test('a sealed payload requires the key of any of its recipients (Z1)', () => {
  const selector = { label: SEAL_KEY_LABEL, op: 'in', values: keys.toSorted() };
  expect(sealDemandOf(payload)).toEqual({ kind: 'one of', selector });
  expect(sealDemandOf({ message: 'x' })).toEqual({ kind: 'none' });
  expect(sealDemandOf({ sealed: { suite: 'x' } }).kind).toBe('mistaken');
});

test('an envelope is of one project', () => {
  expect(isSealedFor(payload, of)).toBe(true);
  expect(isSealedFor(payload, { ...of, projectId: 'other' })).toBe(false);
  expect(isSealedFor({ message: 'x' }, { ...of, projectId: 'other' })).toBe(true);
});

test('keys tell workers apart only once they are named', () => {
  const named = new NamedKeys();
  const [key = ''] = keys;
  const worker = {
    orgId: 'org' as OrganizationId,
    projectId: null,
    pool: 'default',
    models: [],
    labels: { x: '1', [SEAL_KEY_LABEL]: key },
  };
  expect(named.relevant(worker).labels).toEqual({ x: '1' });
  const demand = sealDemandOf(payload);
  const selectors = demand.kind === 'one of' ? [demand.selector] : [];
  const requirement = {
    pool: 'default',
    model: '*',
    labels: {},
    routing: { selectors, preferences: [] },
  };
  expect(named.learn(requirement)).toEqual(new Set(keys));
  expect(named.learn(requirement)).toEqual(new Set());
  expect(named.relevant(worker)).toBe(worker);
});
