import { describe, expect, test } from 'vitest';

import { checkAssertion, checkRegistration, type Registration } from './check-passkey.ts';
import { readCbor } from './read-cbor.ts';
import { SoftwareAuthenticator } from './software-authenticator-fixture.ts';

const site = { rpId: 'sagewai.test', origin: 'https://sagewai.test' };
const challenge = 'Y2hhbGxlbmdl';

type Registered = Extract<Registration, { kind: 'registered' }>;
function registered(key: SoftwareAuthenticator): Registered {
  const made = checkRegistration(key.register(site, challenge), { site, challenge });
  if (made.kind === 'refused') throw new Error(made.why);
  return made;
}

describe.each(['ed25519', 'p256', 'rsa'] as const)('a passkey of %s', (kind) => {
  test('is registered, and proves itself again and again', () => {
    const key = new SoftwareAuthenticator(kind);
    let { signCount } = registered(key);
    const { publicKey, credentialId } = registered(key);
    expect(credentialId.equals(key.id)).toBe(true);
    for (const each of ['b25l', 'dHdv']) {
      const proof = checkAssertion(key.sign(site, each), {
        site,
        challenge: each,
        publicKey,
        signCount,
      });
      expect(proof).toMatchObject({ kind: 'proved' });
      if (proof.kind === 'proved') signCount = proof.signCount;
    }
    expect(signCount).toBe(2);
  });
});

describe('a registration is refused', () => {
  test.each([
    ['for another purpose', { client: { type: 'webauthn.get' } }, /purpose/],
    ['to another challenge', { client: { challenge: 'b3RoZXI' } }, /challenge/],
    ['at another origin', { client: { origin: 'https://sagewai.test.evil' } }, /origin/],
    ['inside of a foreign page', { client: { crossOrigin: true } }, /inside/],
    ['for another site', { rpId: 'evil.test' }, /site/],
    ['without a person', { flags: 0x40 | 0x04 }, /nobody/],
    ['without asking who it is', { flags: 0x40 | 0x01 }, /who is there/],
    ['without a key', { flags: 0x05 }, /no key/],
  ])('%s', (_, twist, why) => {
    const made = new SoftwareAuthenticator().register(site, challenge, twist);
    expect(checkRegistration(made, { site, challenge })).toEqual({
      kind: 'refused',
      why: expect.stringMatching(why),
    });
  });

  test('when it is no CBOR, or not whole', () => {
    const made = new SoftwareAuthenticator().register(site, challenge);
    for (const length of [0, 1, 10, 60, 120]) {
      const attestationObject = made.attestationObject.slice(0, length);
      const answer = checkRegistration({ ...made, attestationObject }, { site, challenge });
      expect(answer.kind).toBe('refused');
    }
    const nothing = { ...made, clientDataJSON: 'bm8' };
    expect(checkRegistration(nothing, { site, challenge }).kind).toBe('refused');
  });
});

describe('a proof is refused', () => {
  const key = new SoftwareAuthenticator();
  const { publicKey } = registered(key);
  const expected = { site, challenge, publicKey, signCount: 0 };

  test.each([
    ['of another purpose', { client: { type: 'webauthn.create' } }, /purpose/],
    ['to another challenge', { client: { challenge: 'b3RoZXI' } }, /challenge/],
    ['at another origin', { client: { origin: 'http://sagewai.test' } }, /origin/],
    ['for another site', { rpId: 'evil.test' }, /site/],
    ['without a person', { flags: 0x04 }, /nobody/],
    ['without asking who it is', { flags: 0x01 }, /who is there/],
  ])('%s', (_, twist, why) => {
    expect(checkAssertion(key.sign(site, challenge, twist), expected)).toEqual({
      kind: 'refused',
      why: expect.stringMatching(why),
    });
  });

  test('of another key', () => {
    const other = new SoftwareAuthenticator().sign(site, challenge);
    expect(checkAssertion(other, expected)).toMatchObject({ why: 'the signature is wrong' });
  });

  test('whose bytes were changed', () => {
    const proof = key.sign(site, challenge);
    const data = Buffer.from(proof.authenticatorData, 'base64url');
    data.writeUInt32BE(999, 33);
    const changed = { ...proof, authenticatorData: data.toString('base64url') };
    expect(checkAssertion(changed, expected)).toMatchObject({ why: 'the signature is wrong' });
    expect(checkAssertion({ ...proof, signature: 'AAAA' }, expected).kind).toBe('refused');
  });

  test('by a copy of the key, whose counter is behind', () => {
    const behind = key.sign(site, challenge, { count: 5 });
    expect(checkAssertion(behind, { ...expected, signCount: 5 })).toMatchObject({
      why: expect.stringMatching(/counter/),
    });
    const uncounted = key.sign(site, challenge, { count: 0 });
    expect(checkAssertion(uncounted, expected).kind).toBe('proved');
  });
});

describe('CBOR', () => {
  test.each([
    ['00', 0],
    ['1818', 24],
    ['1903e8', 1000],
    ['1a000f4240', 1_000_000],
    ['3903e7', -1000],
    ['6449455446', 'IETF'],
    ['83010203', [1, 2, 3]],
    ['f5', true],
    ['f6', null],
  ])('reads %s of RFC 8949, appendix A', (hex, value) => {
    expect(readCbor(Buffer.from(hex, 'hex'))).toEqual({ value, length: hex.length / 2 });
  });

  test.each(['', '18', '62ff', '9f', 'c0', 'a2010201', 'fb00', '9b00000001', '81'.repeat(20)])(
    'refuses %j',
    (hex) => {
      expect(readCbor(Buffer.from(hex, 'hex'))).toBeNull();
    },
  );
});
