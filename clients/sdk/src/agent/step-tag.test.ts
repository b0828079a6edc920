import { expect, test } from 'vitest';

import { stepTag } from './step-tag.ts';

test.each([
  ['run:coder model 1#0', 'coder model 1#0', 'step:coder model 1#0'],
  ['process:coder model 1#1', 'coder model 1#1', null],
  ['run:a, b#0', 'a, b#0', null],
  ['run:ä#0', 'ä#0', null],
  [`run:${'x'.repeat(96)}`, 'x'.repeat(96), null],
])('%s', (idempotencyKey, key, tag) => {
  expect(stepTag({ idempotencyKey, key })).toBe(tag);
});
