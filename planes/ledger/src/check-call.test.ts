import type { ReservationId } from '@sagewai/wire';
import { describe, expect, test } from 'vitest';

import type { CallRequest, Settlement } from './call.ts';
import { bookable, fixedCost } from './check-call.ts';

const call = (changed: Partial<CallRequest>): CallRequest => ({
  ...({ id: 'i', orgId: 'o', projectId: 'p' } as unknown as Pick<
    CallRequest,
    'id' | 'orgId' | 'projectId'
  >),
  model: 'm',
  deployment: 'd',
  price: { perCall: 5n, input: 3n, output: 7n },
  inputTokensMax: 10,
  outputTokens: 100,
  mayCap: true,
  expiresInMs: 1000,
  ...changed,
});

describe('what a call costs before its first token of output', () => {
  test('is the call and its input, exactly', () => {
    expect(fixedCost(call({}))).toBe(35n);
    expect(fixedCost(call({ price: null }))).toBe(0n);
  });

  test.each([
    { inputTokensMax: -1 },
    { inputTokensMax: 1.5 },
    { outputTokens: 2e9 },
    { outputTokens: Number.NaN },
    { price: { perCall: 0n, input: 0n, output: 10n ** 18n } },
  ])('is refused when implausible: %o', (changed) => {
    expect(() => fixedCost(call(changed))).toThrow(
      expect.objectContaining({ code: 'request.invalid' }),
    );
  });

  test.each([
    { expiresInMs: 0 },
    { expiresInMs: Number.NaN },
    { price: { perCall: -1n, input: 0n, output: 0n } },
  ])('is our own mistake when impossible: %o', (changed) => {
    expect(() => fixedCost(call(changed))).toThrow(RangeError);
  });
});

describe('a settlement', () => {
  const settlement: Settlement = {
    id: 'i' as ReservationId,
    orgId: 'o' as Settlement['orgId'],
    costPusd: 5n,
    inputTokens: 10,
    outputTokens: 4,
    usageSource: 'provider',
    status: 'ok',
  };

  test('passes as it is', () => {
    expect(bookable(settlement)).toMatchObject({ ...settlement, isCut: false });
    expect(bookable({ ...settlement, costPusd: null })).toMatchObject({
      costPusd: null,
      isCut: false,
    });
  });

  test.each([
    [{ costPusd: -1n }, { costPusd: 0n }],
    [{ costPusd: 10n ** 19n }, { costPusd: 10n ** 18n }],
    [{ inputTokens: 1e300 }, { inputTokens: 1e12 }],
    [{ outputTokens: Number.NaN }, { outputTokens: 0 }],
    [{ outputTokens: 3.2 }, { outputTokens: 4 }],
  ])('with figures beyond all reason is cut to what can be booked: %o', (given, booked) => {
    expect(bookable({ ...settlement, ...given })).toMatchObject({ ...booked, isCut: true });
  });

  test('has no more cached tokens than tokens', () => {
    expect(bookable({ ...settlement, cachedInputTokens: 8, cacheWriteTokens: 8 })).toMatchObject({
      cachedInputTokens: 8,
      cacheWriteTokens: 2,
    });
  });
});
