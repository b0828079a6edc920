import { createPublicKey, hash, type KeyObject, verify } from 'node:crypto';

import { sameBytes } from '@sagewai/crypto';

import { type AuthenticatorData, readAuthenticatorData } from './read-authenticator-data.ts';
import { isCborMap, readCbor } from './read-cbor.ts';

/** Passkeys (WebAuthn level 3, sections 7.1 and 7.2), as far as a relying party without attestation goes. */

/** Where the page must have been: the site that the key is for, and the exact origin. */
export interface PasskeySite {
  readonly rpId: string;
  readonly origin: string;
}

interface Expected {
  readonly site: PasskeySite;
  /** As it was sent, base64url. */
  readonly challenge: string;
}

/** What browsers send: each in base64url. */
export interface RegistrationResponse {
  readonly clientDataJSON: string;
  readonly attestationObject: string;
}
export interface AssertionResponse {
  readonly clientDataJSON: string;
  readonly authenticatorData: string;
  readonly signature: string;
}

type Refused = {
  readonly kind: 'refused';
  /** For operators; nothing that the sender chose. */
  readonly why: string;
};

export type Registration =
  | {
      readonly kind: 'registered';
      readonly credentialId: Buffer;
      /** SubjectPublicKeyInfo. */
      readonly publicKey: Buffer;
      readonly signCount: number;
      readonly isBackedUp: boolean;
    }
  | Refused;

export type Assertion =
  | { readonly kind: 'proved'; readonly signCount: number; readonly isBackedUp: boolean }
  | Refused;

/** Whether a new key was made here, now, by a person that its authenticator knows. */
export function checkRegistration(
  { clientDataJSON, attestationObject }: RegistrationResponse,
  expected: Expected,
): Registration {
  const wrong = findWrongClient(clientDataJSON, 'webauthn.create', expected);
  if (wrong !== null) return refused(wrong);
  const attestation = readCbor(bytesOf(attestationObject))?.value;
  const authData = isCborMap(attestation) ? attestation.get('authData') : undefined;
  const data = Buffer.isBuffer(authData) ? readAuthenticatorData(authData) : null;
  if (data === null || data.credential === null) return refused('it holds no key that we can use');
  const wrongData = findWrongData(data, expected.site);
  if (wrongData !== null) return refused(wrongData);
  const { id, publicKey } = data.credential;
  return {
    kind: 'registered',
    credentialId: Buffer.from(id),
    publicKey: publicKey.export({ type: 'spki', format: 'der' }),
    signCount: data.signCount,
    isBackedUp: data.isBackedUp,
  };
}

/** Whether the key that is kept has signed this challenge here, now, for a person that it knows. */
export function checkAssertion(
  { clientDataJSON, authenticatorData, signature }: AssertionResponse,
  expected: Expected & { readonly publicKey: Buffer; readonly signCount: number },
): Assertion {
  const wrong = findWrongClient(clientDataJSON, 'webauthn.get', expected);
  if (wrong !== null) return refused(wrong);
  const authData = bytesOf(authenticatorData);
  const data = readAuthenticatorData(authData);
  if (data === null) return refused('what the authenticator says cannot be read');
  const wrongData = findWrongData(data, expected.site);
  if (wrongData !== null) return refused(wrongData);
  const signed = Buffer.concat([authData, hash('sha256', bytesOf(clientDataJSON), 'buffer')]);
  const key = createPublicKey({ key: expected.publicKey, type: 'spki', format: 'der' });
  if (!isSignedBy(key, signed, bytesOf(signature))) return refused('the signature is wrong');
  // Keys that count have both above zero; one that falls behind has a copy somewhere.
  const counts = data.signCount > 0 || expected.signCount > 0;
  if (counts && data.signCount <= expected.signCount) return refused('its counter went back');
  return { kind: 'proved', signCount: data.signCount, isBackedUp: data.isBackedUp };
}

function isSignedBy(key: KeyObject, signed: Buffer, signature: Buffer): boolean {
  const digest = key.asymmetricKeyType === 'ed25519' ? null : 'sha256';
  try {
    return verify(digest, signed, key, signature);
  } catch {
    return false;
  }
}

function findWrongClient(
  clientDataJSON: string,
  type: 'webauthn.create' | 'webauthn.get',
  { site, challenge }: Expected,
): string | null {
  let client: unknown;
  try {
    client = JSON.parse(bytesOf(clientDataJSON).toString('utf8'));
  } catch {
    return 'what the browser says cannot be read';
  }
  if (typeof client !== 'object' || client === null) return 'what the browser says is no object';
  const said = client as Readonly<Record<string, unknown>>;
  if (said['type'] !== type) return 'it is for another purpose';
  if (said['challenge'] !== challenge) return 'it answers another challenge';
  if (said['origin'] !== site.origin) return 'it was made at another origin';
  if (said['crossOrigin'] === true) return 'it was made inside of a page of others';
  return null;
}

function findWrongData(data: AuthenticatorData, { rpId }: PasskeySite): string | null {
  if (!sameBytes(data.rpIdHash, hash('sha256', rpId, 'buffer'))) return 'it is for another site';
  if (!data.isUserPresent) return 'nobody was there';
  // The key is all that is asked for, so it must know its owner: by a finger, a face or a PIN.
  if (!data.isUserVerified) return 'the authenticator did not ask who is there';
  return null;
}

const bytesOf = (text: string): Buffer => Buffer.from(text, 'base64url');
const refused = (why: string): Refused => ({ kind: 'refused', why });
