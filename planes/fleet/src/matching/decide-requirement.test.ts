import { describe, expect, test } from 'vitest';

import { decideRequirement } from './decide-requirement.ts';
import { NO_ROUTING } from './project-routing.ts';

const pinned = { labels: { region: 'eu' }, pool: 'gpu', model: 'openai/GPT-4o' };

describe('decideRequirement', () => {
  test('of a run that says nothing is the default pool, any model, no label', () => {
    expect(decideRequirement({}, NO_ROUTING)).toEqual({
      kind: 'decided',
      requirement: { pool: 'default', model: '*', labels: {}, routing: null },
      model: null,
    });
  });

  test('takes the pool and the model of the project where the run says nothing', () => {
    expect(decideRequirement({}, pinned)).toMatchObject({
      requirement: { pool: 'gpu', model: 'gpt-4o', labels: { region: 'eu' } },
      model: 'openai/GPT-4o',
    });
    expect(decideRequirement({ pool: 'cpu', model: null }, pinned)).toMatchObject({
      requirement: { pool: 'cpu', model: '*', labels: { region: 'eu' } },
      model: null,
    });
  });

  test('adds the labels of the project, and none can say otherwise', () => {
    expect(decideRequirement({ labels: { tier: 'x', region: 'eu' } }, pinned)).toMatchObject({
      requirement: { labels: { tier: 'x', region: 'eu' } },
    });
    expect(decideRequirement({ labels: { region: 'us' } }, pinned)).toEqual({
      kind: 'mistaken',
      path: 'labels',
      message: '"region" must be "eu": every run of the project requires it',
    });
  });

  test('says which selector is wrong, and that nothing is left of a model', () => {
    const selectors = [{ label: 'x', op: 'in' }] as const;
    expect(decideRequirement({ selectors }, NO_ROUTING)).toMatchObject({ path: 'selectors/0' });
    expect(decideRequirement({ model: '-' }, NO_ROUTING)).toMatchObject({ path: 'model' });
  });
});
