import { Secret } from '@sagewai/config';
import { expect, test } from 'vitest';

import { RESPONSES } from '../formats/responses.ts';
import { deploymentAt } from '../gateway-fixture.ts';
import { groupOf } from '../models/model-table.ts';
import { createAffinity, hearLast } from './affinity.ts';
import { isSealRefused, sealedIn } from './sealed-in.ts';

const at = (id: string, key: string, url = 'http://x:1/v1') => {
  const credential = new Secret(key);
  return deploymentAt(url, { id, endpoint: { provider: 'openai', baseUrl: url, credential } });
};
const [a, b] = [at('a', 'k1'), at('b', 'k2')] as const;
const sealing = (...texts: string[]) => ({
  output: texts.map((text) => ({ type: 'reasoning', encrypted_content: text })),
});
const ids = (of: { group: { deployments: readonly { id: string }[] } }) =>
  of.group.deployments.map(({ id }) => id);

test('A1: what an account has sealed goes back to it; the newest that is known decides', () => {
  const affinity = createAffinity(10);
  const group = groupOf('m', [a, b]);
  const first = affinity.pin(group, ['x']);
  expect([ids(first), first.sealed?.isPinned]).toEqual([['a', 'b'], false]);
  first.sealed?.remember(b, sealing('x'));
  first.sealed?.remember(a, sealing('y'));
  const again = affinity.pin(group, ['x']);
  expect([ids(again), again.sealed?.isPinned]).toEqual([['b'], true]);
  expect(ids(affinity.pin(group, ['x', 'y', 'unknown']))).toEqual(['a']);
  // It was taken out of the configuration: others may try.
  expect(ids(affinity.pin(groupOf('m', [a, at('c', 'k3')]), ['x']))).toEqual(['a', 'c']);
});

test('is nothing where one account has all deployments, or none is remembered', () => {
  const own = groupOf('m', [a, at('a2', 'k1', 'http://x:1/other/v1')]);
  expect(createAffinity(10).pin(own, ['x'])).toEqual({ group: own, sealed: undefined });
  const group = groupOf('m', [a, b]);
  expect(createAffinity(0).pin(group, ['x'])).toEqual({ group, sealed: undefined });
});

test('A3: forgets the oldest', () => {
  const affinity = createAffinity(2);
  const group = groupOf('m', [a, b]);
  const { sealed } = affinity.pin(group, []);
  for (const text of ['1', '2', '1', '3']) sealed?.remember(b, sealing(text));
  expect(['1', '2', '3'].map((text) => ids(affinity.pin(group, [text])).length)).toEqual([1, 2, 1]);
});

test('hears the last event of a stream, and no other', () => {
  const heard: object[] = [];
  const reader = hearLast(RESPONSES.stream, (response) => heard.push(response)).open();
  expect(reader.read('{"type":"response.output_text.delta","response":{"a":1}}')).toBe('content');
  expect(reader.read('{"type":"response.completed","response":{"usage":null}}')).toBe('last');
  expect(heard).toEqual([{ usage: null }]);
});

test.each([
  ['{"error":{"code":"invalid_encrypted_content","message":"x"}}', true],
  ['{"error":{"message":"The encrypted content for item rs_1 could not be verified."}}', true],
  ['{"error":{"message":"The image could not be decrypted"}}', false],
])('a refusal of what is sealed is told by its words: %s', (words, isIt) => {
  expect(isSealRefused(Buffer.from(words))).toBe(isIt);
});

test('items without anything sealed have nothing', () => {
  expect(sealedIn('text')).toEqual([]);
  expect(sealedIn([null, 1, { encrypted_content: null }, { encrypted_content: 'x' }])).toEqual([
    'x',
  ]);
});
