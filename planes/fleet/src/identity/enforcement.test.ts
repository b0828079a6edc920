import { expect, test } from 'vitest';

import { enforce } from './enforcement.ts';

test.each([
  ['off', ['no_key_pair'], { kind: 'allowed' }],
  ['warn', ['no_key_pair'], { kind: 'noted', findings: ['no_key_pair'] }],
  ['strict', ['no_key_pair', 'no_credential'], { kind: 'refused', finding: 'no_key_pair' }],
  ['strict', [], { kind: 'allowed' }],
  ['warn', [], { kind: 'allowed' }],
] as const)('%s with %j', (mode, findings, outcome) => {
  expect(enforce(mode, findings)).toEqual(outcome);
});
