import { describe, expect, test } from 'vitest';

import { demandParams, readEnforced } from './enforced-params.ts';

const refusalOf = (enforced: readonly string[] | null, body: unknown, headers = {}) => {
  try {
    demandParams(enforced, { body, request: { headers } as never });
    return null;
  } catch (fault) {
    return (fault as { detail: string }).detail;
  }
};

describe('parameters that a key demands', () => {
  test('are those of the key and its team; what cannot be read lets nothing pass', () => {
    expect(readEnforced({}, {})).toBeUndefined();
    expect(readEnforced({ enforced_params: null }, { enforced_params: [] })).toBeUndefined();
    expect(
      readEnforced({ enforced_params: ['user'] }, { enforced_params: ['metadata.a', 'user'] }),
    ).toEqual(['user', 'metadata.a']);
    for (const enforced_params of ['user', [1], ['a..b'], [''], { user: true }]) {
      expect(readEnforced({ enforced_params }, {})).toBeNull();
    }
    expect(refusalOf(null, { user: 'bob' })).toContain('cannot be read');
  });

  test.each([
    [['user'], { user: 'bob' }, {}, null],
    [['user'], { metadata: { user_id: 'bob' } }, {}, null],
    [['user'], {}, { 'x-sagewai-end-user': 'bob' }, null],
    [['user'], { user: '' }, {}, 'user is missing'],
    [['user'], null, {}, 'user is missing'],
    [
      ['user', 'metadata.purpose'],
      {},
      { 'x-sagewai-end-user': 'b' },
      'metadata.purpose is missing',
    ],
    [['metadata.purpose'], { metadata: { purpose: 0 } }, {}, null],
    [['metadata.purpose'], { metadata: 'purpose' }, {}, 'metadata.purpose is missing'],
    [['metadata.toString'], { metadata: {} }, {}, 'metadata.toString is missing'],
    [['a'], { a: null }, {}, 'a is missing'],
  ] as const)('%j of %j with %j: %s', (enforced, body, headers, refusal) => {
    const told = refusalOf(enforced, body, headers);
    if (refusal === null) expect(told).toBeNull();
    else expect(told).toContain(refusal);
  });
});
