import { expect, test } from 'vitest';

import { planGroupPatch } from './plan-group-patch.ts';
import { readOperations } from './read-operations.ts';

/** The steps, or the standard's word for why there are none. */
function plan(...operations: readonly object[]): unknown {
  const read = readOperations({ operations });
  if (read.kind === 'refused') return read.type;
  const answer = planGroupPatch(read.operations);
  return answer.kind === 'plan' ? answer.steps : answer.type;
}

test('members are added, removed and replaced by their ids', () => {
  const two = [{ value: 'A1' }, { value: 'b2', display: 'B', type: 'User' }];
  expect(plan({ op: 'Add', path: 'members', value: two })).toEqual([
    { kind: 'addMembers', ids: ['a1', 'b2'] },
  ]);
  expect(plan({ op: 'replace', value: { members: two, displayName: 'Guides', id: 'x' } })).toEqual([
    { kind: 'replaceMembers', ids: ['a1', 'b2'] },
    { kind: 'rename', name: 'Guides' },
  ]);
  expect(plan({ op: 'remove', path: 'members' })).toEqual([{ kind: 'replaceMembers', ids: [] }]);
});

test('members are removed by a filter, and as Entra ID lists those that shall go', () => {
  expect(plan({ op: 'remove', path: 'members[value eq "A1"]' })).toEqual([
    { kind: 'removeMembers', ids: ['a1'] },
  ]);
  expect(plan({ op: 'remove', path: 'members[value eq "a" or value eq "b"]' })).toEqual([
    { kind: 'removeMembers', ids: ['a', 'b'] },
  ]);
  expect(plan({ op: 'Remove', path: 'members', value: [{ value: 'a' }] })).toEqual([
    { kind: 'removeMembers', ids: ['a'] },
  ]);
});

test('a group is renamed, and given the id that the client knows it by', () => {
  expect(plan({ op: 'replace', path: 'displayName', value: ' Guides ' })).toEqual([
    { kind: 'rename', name: 'Guides' },
  ]);
  expect(
    plan({ op: 'add', path: 'externalId', value: 'g1' }, { op: 'remove', path: 'externalId' }),
  ).toEqual([
    { kind: 'setExternalId', externalId: 'g1' },
    { kind: 'setExternalId', externalId: null },
  ]);
});

test.each<[object, string]>([
  [{ op: 'remove' }, 'noTarget'],
  [{ op: 'remove', path: 'displayName' }, 'mutability'],
  [{ op: 'replace', path: 'displayName', value: '' }, 'invalidValue'],
  [{ op: 'replace', path: 'id', value: 'x' }, 'mutability'],
  [{ op: 'add', path: 'owners', value: [] }, 'invalidPath'],
  [{ op: 'add', path: 'members', value: [{ display: 'x' }] }, 'invalidValue'],
  [{ op: 'add', path: 'members', value: [{ value: 'x', type: 'Group' }] }, 'invalidValue'],
  [{ op: 'remove', path: 'members[display eq "x"]' }, 'invalidFilter'],
  [{ op: 'replace', path: 'members[value eq "x"].display', value: 'y' }, 'mutability'],
])('refused: %j', (operation, type) => {
  expect(plan(operation)).toBe(type);
});
