import { expect, test } from 'vitest';

import { chooseGuardrails, readNames } from './choose-guardrails.ts';
import { guardrailOf } from './guardrail-fixture.ts';

const PROJECT = 'p1';
const ALL = [
  guardrailOf({ name: 'always' }),
  guardrailOf({ name: 'named', isDefault: false }),
  guardrailOf({ name: 'ours', isDefault: false, projects: new Set([PROJECT]) }),
];

const chosen = (of: { projectId?: string; names?: readonly string[] | null; body?: unknown }) =>
  chooseGuardrails(ALL, { projectId: 'p2', names: [], body: {}, ...of }).map(({ name }) => name);

test('a call passes what is for all, for its project, for its key, and what it asks for', () => {
  expect(chosen({})).toEqual(['always']);
  expect(chosen({ projectId: PROJECT })).toEqual(['always', 'ours']);
  expect(chosen({ names: ['named'] })).toEqual(['always', 'named']);
  expect(chosen({ body: { guardrails: ['named'] } })).toEqual(['always', 'named']);
});

test('none of them takes away what another demands', () => {
  expect(chosen({ names: ['named'], projectId: PROJECT, body: { guardrails: [] } })).toEqual([
    'always',
    'named',
    'ours',
  ]);
});

test('a name that nobody knows lets nothing pass (W2)', () => {
  expect(() => chosen({ names: ['gone'] })).toThrow(
    expect.objectContaining({ code: 'guardrail.unavailable' }),
  );
  expect(() => chosen({ names: null })).toThrow(
    expect.objectContaining({ code: 'guardrail.unavailable' }),
  );
  expect(() => chooseGuardrails([], { projectId: null, names: ['gone'], body: {} })).toThrow(
    expect.objectContaining({ code: 'guardrail.unavailable' }),
  );
  for (const guardrails of [['gone'], 'named', { named: true }, [1]]) {
    expect(() => chosen({ body: { guardrails } })).toThrow(
      expect.objectContaining({ code: 'request.invalid' }),
    );
  }
});

test('names stand in the metadata of a key or a team', () => {
  expect(readNames({})).toEqual([]);
  expect(readNames({ guardrails: ['a'] })).toEqual(['a']);
  expect(readNames({ guardrails: 'a' })).toBeNull();
  expect(readNames({ guardrails: [1] })).toBeNull();
});
