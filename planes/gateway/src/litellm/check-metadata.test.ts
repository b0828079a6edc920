import { Fault } from '@sagewai/fault';
import { expect, test } from 'vitest';

import { checkMetadata } from './check-metadata.ts';

test.for([
  {},
  { cache: null, data_classification: null },
  { cache: false, data_classification: 'restricted' },
  { cache: { 'no-store': true, ttl: 60 } },
  { on_outage: 'open' },
  { anything: { else: 'too' } },
])('%o is taken', (metadata) => {
  expect(() => checkMetadata(metadata)).not.toThrow();
});

test.for([
  [{ cache: 'yes' }, /^cache must be an object/],
  [{ cache: { bogus: true } }, /^cache\/bogus is not known/],
  [{ on_outage: 'yes' }, /on_outage must be open or closed/],
  [{ data_classification: 'Secret' }, /data_classification must be one of public, internal/],
] as const)('%o is refused by name', ([metadata, why]) => {
  let told: unknown;
  try {
    checkMetadata(metadata);
  } catch (error) {
    told = error;
  }
  expect(told).toMatchObject({ code: 'request.invalid', detail: expect.stringMatching(why) });
  expect(told).toBeInstanceOf(Fault);
});
