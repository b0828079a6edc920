import { createHash, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';

import type { AssertionResponse, PasskeySite, RegistrationResponse } from './check-passkey.ts';

type Kind = 'ed25519' | 'p256' | 'rsa';

/** What a test changes of what an authenticator and its browser would say. */
interface Twist {
  readonly flags?: number;
  readonly count?: number;
  readonly client?: Readonly<Record<string, unknown>>;
  readonly rpId?: string;
}

const VERIFIED = 0x01 | 0x04;

/** An authenticator in software: real keys, real signatures, the real formats. */
export class SoftwareAuthenticator {
  readonly id = randomBytes(32);
  readonly #key: KeyObject;
  readonly #cose: Buffer;
  #count = 0;

  constructor(kind: Kind = 'p256') {
    const pair = {
      ed25519: () => generateKeyPairSync('ed25519'),
      p256: () => generateKeyPairSync('ec', { namedCurve: 'P-256' }),
      rsa: () => generateKeyPairSync('rsa', { modulusLength: 2048 }),
    }[kind]();
    this.#key = pair.privateKey;
    const jwk = pair.publicKey.export({ format: 'jwk' }) as Record<string, string>;
    const part = (name: string): Buffer => Buffer.from(jwk[name] ?? '', 'base64url');
    this.#cose = {
      ed25519: () =>
        map([
          [1, 1],
          [3, -8],
          [-1, 6],
          [-2, part('x')],
        ]),
      p256: () =>
        map([
          [1, 2],
          [3, -7],
          [-1, 1],
          [-2, part('x')],
          [-3, part('y')],
        ]),
      rsa: () =>
        map([
          [1, 3],
          [3, -257],
          [-1, part('n')],
          [-2, part('e')],
        ]),
    }[kind]();
  }

  register(site: PasskeySite, challenge: string, twist: Twist = {}): RegistrationResponse {
    const length = Buffer.alloc(2);
    length.writeUInt16BE(this.id.length);
    const attested = Buffer.concat([Buffer.alloc(16), length, this.id, this.#cose]);
    const head = this.#data(site, { flags: VERIFIED | 0x40, ...twist });
    const authData = Buffer.concat([head, attested]);
    return {
      clientDataJSON: client('webauthn.create', site, challenge, twist),
      attestationObject: map([
        ['fmt', 'none'],
        ['attStmt', map([])],
        ['authData', authData],
      ]).toString('base64url'),
    };
  }

  sign(site: PasskeySite, challenge: string, twist: Twist = {}): AssertionResponse {
    this.#count += 1;
    const authData = this.#data(site, twist);
    const clientDataJSON = client('webauthn.get', site, challenge, twist);
    const digest = sha256(Buffer.from(clientDataJSON, 'base64url'));
    const algorithm = this.#key.asymmetricKeyType === 'ed25519' ? null : 'sha256';
    const signature = sign(algorithm, Buffer.concat([authData, digest]), this.#key);
    return {
      clientDataJSON,
      authenticatorData: authData.toString('base64url'),
      signature: signature.toString('base64url'),
    };
  }

  #data(site: PasskeySite, { flags = VERIFIED, count, rpId }: Twist): Buffer {
    const tail = Buffer.alloc(5);
    tail.writeUInt8(flags);
    tail.writeUInt32BE(count ?? this.#count, 1);
    return Buffer.concat([sha256(Buffer.from(rpId ?? site.rpId)), tail]);
  }
}

function client(type: string, { origin }: PasskeySite, challenge: string, twist: Twist): string {
  const said = { type, challenge, origin, crossOrigin: false, ...twist.client };
  return Buffer.from(JSON.stringify(said)).toString('base64url');
}

const sha256 = (bytes: Buffer): Buffer => createHash('sha256').update(bytes).digest();

type Item = number | string | Buffer;

/** A value that is CBOR already (a nested map) begins with its own mark; all other buffers are strings. */
function map(entries: readonly (readonly [number | string, Item])[]): Buffer {
  const items = entries
    .flat()
    .map((item) => (typeof item === 'object' && nested.has(item) ? item : encode(item)));
  const made = Buffer.concat([head(5, entries.length), ...items]);
  nested.add(made);
  return made;
}

const nested = new WeakSet<object>();

function encode(item: Item): Buffer {
  if (typeof item === 'number') return item < 0 ? head(1, -1 - item) : head(0, item);
  const bytes = Buffer.from(item as string);
  return Buffer.concat([head(typeof item === 'string' ? 3 : 2, bytes.length), bytes]);
}

function head(major: number, count: number): Buffer {
  if (count < 24) return Buffer.from([(major << 5) | count]);
  if (count < 256) return Buffer.from([(major << 5) | 24, count]);
  return Buffer.from([(major << 5) | 25, count >> 8, count & 0xff]);
}
