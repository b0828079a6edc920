import { type Endpoint, ENDPOINTS } from '@sagewai/wire';
import { expect, test } from 'vitest';

import { compileSchemas } from './plan.ts';
import { createValidators } from './validators.ts';

const compile = (endpoint: Endpoint) =>
  compileSchemas(endpoint, { validators: createValidators(), countUnknown: () => undefined });

test('the schemas of every endpoint compile (H8)', { timeout: 60_000 }, () => {
  const validators = createValidators();
  for (const endpoint of ENDPOINTS) {
    compileSchemas(endpoint, { validators, countUnknown: () => undefined });
  }
  expect(ENDPOINTS.length).toBeGreaterThan(100);
});

test('one that does not is named (H8)', () => {
  const [some] = ENDPOINTS.filter(({ body }) => body !== undefined);
  if (some === undefined) throw new Error('there is no endpoint');
  const nonsense = { type: 'object', properties: { x: { type: 'string', format: 'nonsense' } } };
  expect(() => compile({ ...some, body: nonsense } as Endpoint)).toThrow(some.id);
});
