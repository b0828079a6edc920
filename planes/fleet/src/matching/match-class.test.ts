import { canonicalModel, canonicalModels, type OrganizationId } from '@sagewai/wire';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import type { Capabilities } from '../workers/worker.ts';
import { capabilityKey, classKey, requirementOf, serves } from './match-class.ts';

const names = fc.constantFrom('region', 'tier', 'gpu', '__proto__', 'constructor');
const labels = fc.dictionary(names, fc.constantFrom('a', 'b', ''), { maxKeys: 4 });

const worker = (of: Partial<Capabilities> = {}): Capabilities => ({
  orgId: 'org' as OrganizationId,
  projectId: null,
  pool: 'gpu',
  models: ['gpt-4o'],
  labels: {},
  ...of,
});

describe('the normaliser of model names', () => {
  test('gives a name that is its own canonical name, or one that had a slash', () => {
    fc.assert(
      fc.property(fc.string(), (name) => {
        const once = canonicalModel(name);
        expect(canonicalModel(once)).toBe(once);
        expect(once).not.toMatch(/[/:]|[-_]{2}|^[-_]|[-_]$/);
      }),
    );
  });

  test('keeps the order of a list, each once', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom('a', 'A', 'x/a', 'b', 'x/b:c', 'b-c')), (list) => {
        const canonical = canonicalModels(list);
        expect(new Set(canonical).size).toBe(canonical.length);
        expect(new Set(canonical)).toEqual(new Set(list.map(canonicalModel)));
      }),
    );
  });
});

describe('serves', () => {
  test('asks that a worker has every label that is required, with its value (F3)', () => {
    fc.assert(
      fc.property(labels, labels, (has, wants) => {
        const expected = Object.keys(wants).every(
          (name) => Object.hasOwn(has, name) && has[name] === wants[name],
        );
        const requirement = { pool: 'gpu', model: 'gpt-4o', labels: wants };
        expect(serves(worker({ labels: has }), requirement)).toBe(expected);
      }),
    );
  });

  test.each([
    ['its pool', { pool: 'cpu', model: 'gpt-4o', labels: {} }, false],
    ['its model', { pool: 'gpu', model: 'gpt-5', labels: {} }, false],
    ['any model', { pool: 'gpu', model: '*', labels: {} }, true],
    [
      'a label that every object has',
      { pool: 'gpu', model: '*', labels: { toString: 'x' } },
      false,
    ],
  ])('asks for %s (F3)', (_, requirement, expected) => {
    expect(serves(worker(), requirement)).toBe(expected);
  });
});

describe('keys', () => {
  test('are equal for equal labels in any order, and for no others', () => {
    fc.assert(
      fc.property(labels, labels, (one, other) => {
        const keyOf = (some: Record<string, string>): string =>
          classKey({ pool: 'p', model: 'm', labels: some });
        const reversed = Object.fromEntries(Object.entries(one).toReversed());
        expect(keyOf(reversed)).toBe(keyOf(one));
        const entries = (some: object): string =>
          Object.entries(some)
            .map((pair) => JSON.stringify(pair))
            .toSorted((a, b) => a.localeCompare(b))
            .join();
        expect(keyOf(one) === keyOf(other)).toBe(entries(one) === entries(other));
      }),
    );
  });

  test('differ for workers that may be given different runs', () => {
    const keys = [
      worker(),
      worker({ pool: 'cpu' }),
      worker({ models: ['gpt-4o', 'b'] }),
      worker({ labels: { a: 'b' } }),
      worker({ orgId: 'other' as OrganizationId }),
      worker({ projectId: 'p' as NonNullable<Capabilities['projectId']> }),
    ].map(capabilityKey);
    expect(new Set(keys).size).toBe(keys.length);
    expect(capabilityKey(worker({ models: ['b', 'a'] }))).toBe(
      capabilityKey(worker({ models: ['a', 'b'] })),
    );
  });
});

test('a name of which nothing is left is no requirement, and * is any model', () => {
  expect(requirementOf({ pool: 'p', model: 'openai/', labels: {} })).toBeNull();
  expect(requirementOf({ pool: 'p', model: '*', labels: {} })?.model).toBe('*');
  expect(requirementOf({ pool: 'p', model: null, labels: {} })?.model).toBe('*');
});
