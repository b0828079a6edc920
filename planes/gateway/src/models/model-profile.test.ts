import { Secret } from '@sagewai/config';
import { expect, test } from 'vitest';

import { deploymentAt } from '../gateway-fixture.ts';
import { flatPrice, ratesOf } from '../money/price.ts';
import { modelProfile } from './model-profile.ts';

const of = (changes: Parameters<typeof deploymentAt>[1] = {}): string =>
  modelProfile(deploymentAt('https://p.example/v1', changes));

test('a profile is the same until something is changed that decides an answer or its price', () => {
  const plain = of();
  expect(plain).toMatch(/^m-upstream@[0-9a-f]{16}$/);
  expect(of()).toBe(plain);
  const endpoint = (baseUrl: string, credential: string) => ({
    provider: 'openai' as const,
    baseUrl,
    credential: new Secret(credential),
  });
  // A credential is no part of it, also where it stands in the address.
  const here = of({ endpoint: endpoint('https://p.example/v1', 'sk-1') });
  expect(of({ endpoint: endpoint('https://u:p@p.example/v1?key=x', 'sk-2') })).toBe(here);
  const others = [
    of({ endpoint: endpoint('https://q.example/v1', 'sk-1') }),
    of({ upstreamModel: 'other' }),
    of({ price: flatPrice(ratesOf({ input: 1n, output: 2n })) }),
    of({ outputTokensMax: 7 }),
    plain,
  ];
  expect(new Set(others).size).toBe(others.length);
});
