import { describe, expect, test } from 'vitest';

import { deploymentAt } from '../gateway-fixture.ts';
import { buildModelTable } from './model-table.ts';
import { asksAsAnthropic, toAnthropicPage } from './show-models.ts';

const { groups } = buildModelTable(
  ['a', 'b', 'c', 'd'].map((model) => deploymentAt('http://x/v1', { id: model, model })),
);
const pageOf = (page: object) => {
  const { data, ...rest } = toAnthropicPage(groups, page);
  return { ids: data.map(({ id }) => id).join(''), ...rest };
};

test.each([
  [{ 'anthropic-version': '2023-06-01' }, true],
  [{ 'anthropic-version': '2023-06-01', authorization: 'Bearer x' }, true],
  [{ 'x-api-key': 'x' }, true],
  [{ 'x-api-key': 'x', authorization: 'Bearer x' }, false],
  [{ authorization: 'Bearer x' }, false],
  [{}, false],
])('%j asks as Anthropic is asked: %s', (headers, is) => {
  expect(asksAsAnthropic(headers)).toBe(is);
});

describe('a page of models', () => {
  test('is all of them, unless it is limited', () => {
    expect(pageOf({})).toEqual({ ids: 'abcd', has_more: false, first_id: 'a', last_id: 'd' });
    expect(pageOf({ limit: 3 })).toMatchObject({ ids: 'abc', has_more: true, last_id: 'c' });
  });

  test('goes on behind a name, and back before one', () => {
    expect(pageOf({ after_id: 'c' })).toMatchObject({ ids: 'd', has_more: false });
    expect(pageOf({ limit: 2, before_id: 'd' })).toMatchObject({ ids: 'bc', has_more: true });
    expect(pageOf({ limit: 2, before_id: 'c' })).toMatchObject({ ids: 'ab', has_more: false });
    expect(pageOf({ before_id: 'a' })).toMatchObject({ ids: '', first_id: null });
  });
});
