import { describe, expect, test } from 'vitest';

import { deploymentAt } from '../gateway-fixture.ts';
import { buildModelTable } from '../models/model-table.ts';
import {
  type Classification,
  classify,
  readKeyClassification,
  withinReach,
} from './classification.ts';

const group = (...most: (Classification | undefined)[]) => {
  const deployments = most.map((classificationMax, index) =>
    deploymentAt('http://a/v1', { id: `d${index}`, classificationMax }),
  );
  const [only] = buildModelTable(deployments).groups;
  if (only === undefined) throw new Error('no group');
  return only;
};

describe('how far the data of a call may go', () => {
  test('is the higher of what it says and what its key says', () => {
    const said = (value?: string): Record<string, string> =>
      value === undefined ? {} : { 'x-data-classification': value };
    expect(classify(said(), undefined)).toBeUndefined();
    expect(classify(said(), 'internal')).toBe('internal');
    expect(classify(said(' Restricted '), 'internal')).toBe('restricted');
    expect(classify(said('public'), 'confidential')).toBe('confidential');
    expect(() => classify(said('secret'), undefined)).toThrow(
      expect.objectContaining({ code: 'request.invalid' }),
    );
  });

  test('is the farthest from everybody where a key says what nobody can read', () => {
    expect(readKeyClassification(undefined)).toBeUndefined();
    expect(readKeyClassification('internal')).toBe('internal');
    expect(readKeyClassification('intern')).toBe('restricted');
    expect(readKeyClassification(7)).toBe('restricted');
    expect(readKeyClassification('internal', 7)).toBe('restricted');
  });

  test('is not lowered by a key below its team', () => {
    expect(readKeyClassification('public', 'confidential')).toBe('confidential');
    expect(readKeyClassification('confidential', 'public')).toBe('confidential');
    expect(readKeyClassification(undefined, 'internal')).toBe('internal');
    expect(readKeyClassification('internal', null)).toBe('internal');
  });

  test('leaves out the deployments that may be given less', () => {
    const all = group('internal', undefined, 'restricted');
    const left = (classification?: Classification): string[] =>
      withinReach(all, classification).deployments.map(({ id }) => id);
    expect(withinReach(all, undefined)).toBe(all);
    expect(withinReach(all, 'internal')).toBe(all);
    expect(left('confidential')).toEqual(['d1', 'd2']);
    expect(() => withinReach(group('public', 'internal'), 'confidential')).toThrow(
      expect.objectContaining({ code: 'model.forbidden' }),
    );
  });
});
