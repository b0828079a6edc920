import { describe, expect, test } from 'vitest';

import { renameIds } from './rename-ids.ts';

const RENAMES = new Map([
  ['resp_1', 'ours'],
  ['resp_0', 'before'],
]);
const renamed = (text: string): string => renameIds(Buffer.from(text), RENAMES).toString();

describe('ids in JSON', () => {
  test('are replaced where they are an id, and every other byte stays (M5, K3)', () => {
    expect(renamed('{ "id" : "resp_1","previous_response_id":\n"resp_0", "n":1.0 }')).toBe(
      '{ "id" : "ours","previous_response_id":\n"before", "n":1.0 }',
    );
  });

  test.each([
    '{"text":"resp_1"}',
    '{"id":"resp_12"}',
    String.raw`{"text":"\"id\":\"resp_1\""}`,
    '["id","resp_1"]',
    '{"my_id":"resp_1"}',
    '"resp_1"',
  ])('are left alone in %s', (text) => {
    expect(renamed(text)).toBe(text);
  });

  test('that could be spelt in more than one way are left alone', () => {
    const text = Buffer.from('{"id":"a\\"b"}');
    expect(renameIds(text, new Map([['a"b', 'x']]))).toBe(text);
  });
});
