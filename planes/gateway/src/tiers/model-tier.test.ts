import { expect, test } from 'vitest';

import { targetsFor } from './model-tier.ts';

const target = (model: string) => ({ model, pool: null });
const [small, middle, large] = [target('small'), target('middle'), target('large')];

test('a tier gets its own model, else one of a harder tier, else the next easier', () => {
  const all = { simple: small, medium: middle, complex: large };
  expect(targetsFor(all, 'simple')).toEqual([small, middle, large]);
  expect(targetsFor(all, 'medium')).toEqual([middle, large, small]);
  expect(targetsFor(all, 'complex')).toEqual([large, middle, small]);
  expect(targetsFor({ simple: small, complex: large }, 'medium')).toEqual([large, small]);
  expect(targetsFor({ simple: small }, 'complex')).toEqual([small]);
  expect(targetsFor({}, 'complex')).toEqual([]);
});
