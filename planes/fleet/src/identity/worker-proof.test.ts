import { expect, test } from 'vitest';

import { FixtureKey } from '../fleet-fixture.ts';
import { type ExpectedProof, readProof } from './worker-proof.ts';

const key = new FixtureKey();
const PATH = '/api/v1/fleet/heartbeat';
const expected: ExpectedProof = {
  publicKey: key.jwk.x,
  endpoint: { method: 'POST', path: PATH },
  credential: 'a secret',
  now: new Date(),
  ageMsMax: 60_000,
};
const textOf = (claims: object = {}, credential = 'a secret'): string =>
  key.proof(PATH, credential, { ...claims })['x-worker-proof'] ?? '';
const secondsFromNow = (seconds: number): number => Math.floor(Date.now() / 1_000) + seconds;

test('says which renewal it asks for, and from which generation', () => {
  const jti = '0199aaaa-0000-7000-8000-000000000001';
  expect(readProof(textOf({ jti, gen: 7 }), expected)).toEqual({
    kind: 'valid',
    proof: { id: jti, generation: 7n },
  });
});

test.each([
  ['another method', { htm: 'GET' }, /another request/],
  ['another path', { htu: '/api/v1/fleet/claim' }, /another request/],
  ['another time', { iat: secondsFromNow(-120) }, /clocks differ by 1[12]\d s/],
  ['a time to come', { iat: secondsFromNow(120) }, /clocks differ by -1[12]\d s/],
  ['no time', { iat: 'now' }, /malformed/],
  ['no name', { jti: 'x' }, /malformed/],
  ['a generation below 0', { gen: -1 }, /malformed/],
  ['no generation', { gen: null }, /malformed/],
])('is refused for %s', (_, claims, why) => {
  const read = readProof(textOf(claims), expected);
  expect(read).toMatchObject({ kind: 'refused', why: expect.stringMatching(why) });
});

test('is refused with another credential, key, signature or form', () => {
  const good = textOf();
  const other = new FixtureKey().proof(PATH, 'a secret')['x-worker-proof'] ?? '';
  const [head, body, signature = ''] = good.split('.');
  for (const text of [
    textOf({}, 'another secret'),
    other,
    `${good}x`,
    `${head}.${body}.${signature}=`,
    `${head}.${body}`,
    `${good}.x`,
    '',
    'x'.repeat(10_000),
  ]) {
    expect(readProof(text, expected).kind).toBe('refused');
  }
});
