import { expect, test } from 'vitest';

import {
  choosePolicy,
  type HarnessPolicy,
  mayForce,
  type PolicyRule,
  targetsUnder,
} from './harness-policy.ts';

const RULE: PolicyRule = {
  forceModel: null,
  maxTier: null,
  tierOverrides: {},
  blockedModels: [],
  allowForceModel: true,
};
const policy = (
  name: string,
  of: Partial<HarnessPolicy> = {},
  rule: Partial<PolicyRule> = {},
): HarnessPolicy => ({
  id: name,
  name,
  projectId: null,
  teamId: null,
  personId: null,
  priority: 0,
  isEnabled: true,
  createdBy: 'test',
  createdAt: new Date(0),
  ...of,
  rule: { ...RULE, ...rule },
});
const to = (model: string) => ({ model, pool: null });
const TIERS = { simple: to('s'), medium: to('m'), complex: to('c') };
const names = (of: readonly { readonly model: string }[]) => of.map(({ model }) => model);

test('the most specific decides, then the priority, then the oldest', () => {
  const all = policy('all');
  const team = policy('team', { teamId: 't' });
  const project = policy('project', { projectId: 'p' });
  const both = policy('both', { projectId: 'p', teamId: 't' });
  const person = policy('person', { personId: 'u' });
  const every = [all, team, project, both, person];
  const whole = { projectId: 'p', teamId: 't', personId: 'u' };
  expect(choosePolicy(every, whole)).toBe(person);
  expect(choosePolicy(every, { ...whole, personId: null })).toBe(both);
  expect(choosePolicy(every, { projectId: 'p' })).toBe(project);
  expect(choosePolicy(every, { projectId: 'x', teamId: 't' })).toBe(team);
  expect(choosePolicy(every, { projectId: 'x' })).toBe(all);
  expect(choosePolicy([{ ...all, isEnabled: false }], { projectId: 'x' })).toBeNull();
  // A person alone counts more than a project and a team together.
  expect(choosePolicy([both, person], whole)).toBe(person);
  const [low, high, same] = [all, policy('high', { priority: 2 }), policy('same', { priority: 2 })];
  expect(choosePolicy([low, high, same], { projectId: 'x' })).toBe(high);
});

test('one model for everything, else the hardest tier, else models of its own', () => {
  const under = (rule: Partial<PolicyRule>, tier: 'simple' | 'medium' | 'complex') =>
    names(targetsUnder(policy('p', {}, rule), TIERS, tier));
  expect(names(targetsUnder(null, TIERS, 'medium'))).toEqual(['m', 'c', 's']);
  expect(under({}, 'medium')).toEqual(['m', 'c', 's']);
  expect(under({ forceModel: 'x', maxTier: 'simple' }, 'complex')).toEqual(['x']);
  // What is harder than the hardest is not given either where something is missing.
  expect(under({ maxTier: 'medium' }, 'complex')).toEqual(['m', 's']);
  expect(under({ maxTier: 'medium' }, 'simple')).toEqual(['s', 'm']);
  expect(under({ tierOverrides: { medium: to('own') } }, 'medium')).toEqual(['own', 'c', 's']);
  expect(under({ maxTier: 'medium', tierOverrides: { medium: to('own') } }, 'complex')).toEqual([
    'own',
    's',
  ]);
  expect(under({ blockedModels: ['m', 'x'] }, 'medium')).toEqual(['c', 's']);
  expect(under({ forceModel: 'x', blockedModels: ['x'] }, 'simple')).toEqual([]);
});

test('what a request asks for itself is heard where the policy hears it, and never what it blocks', () => {
  expect(mayForce(null, 'c')).toBe(true);
  expect(mayForce(policy('p'), 'c')).toBe(true);
  expect(mayForce(policy('p', {}, { allowForceModel: false }), 'c')).toBe(false);
  expect(mayForce(policy('p', {}, { blockedModels: ['c'] }), 'c')).toBe(false);
});
