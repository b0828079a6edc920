import { createPublicKey, type KeyObject, randomBytes, sign } from 'node:crypto';
import { isIP } from 'node:net';

import {
  bits,
  integer,
  objectId,
  octets,
  sequence,
  set,
  tagged,
  time,
  truth,
  utf8,
} from './der.ts';

export interface SelfSignOptions {
  /** Ed25519, private. */
  readonly key: KeyObject;
  readonly commonName: string;
  /** DNS names and IPv4 addresses that it is good for. */
  readonly names?: readonly string[];
  readonly notBefore: Date;
  readonly notAfter: Date;
}

export interface SelfSigned {
  /** PEM. */
  readonly certificate: string;
  /** PEM, PKCS #8. */
  readonly key: string;
}

const ED25519 = sequence(objectId('1.3.101.112'));
const VERSION_3 = tagged(0xa0, integer(Buffer.from([2])));
const COMMON_NAME = '2.5.4.3';
const SUBJECT_ALT_NAME = '2.5.29.17';
const BASIC_CONSTRAINTS = '2.5.29.19';

/**
 * An X.509 certificate (RFC 5280) that vouches for nothing but its own key: what a worker shows, so that
 * a connection proves who holds the key (RFC 8705, section 2.2).
 */
export function selfSign(options: SelfSignOptions): SelfSigned {
  const { key, commonName, names = [], notBefore, notAfter } = options;
  const name = sequence(set(sequence(objectId(COMMON_NAME), utf8(commonName))));
  const serial = randomBytes(16);
  serial[0] = (serial[0] ?? 0) & 0x7f || 1;
  const signed = sequence(
    VERSION_3,
    integer(serial),
    ED25519,
    name,
    sequence(time(notBefore), time(notAfter)),
    name,
    createPublicKey(key).export({ type: 'spki', format: 'der' }),
    tagged(0xa3, sequence(...extensionsFor(names))),
  );
  const certificate = sequence(signed, ED25519, bits(sign(null, signed, key)));
  return {
    certificate: pem('CERTIFICATE', certificate),
    key: key.export({ type: 'pkcs8', format: 'pem' }) as string,
  };
}

function extensionsFor(names: readonly string[]): Buffer[] {
  const constraints = sequence(
    objectId(BASIC_CONSTRAINTS),
    truth(true),
    octets(sequence(truth(true))),
  );
  if (names.length === 0) return [constraints];
  return [constraints, sequence(objectId(SUBJECT_ALT_NAME), octets(sequence(...names.map(alt))))];
}

const alt = (name: string): Buffer =>
  isIP(name) === 4
    ? tagged(0x87, Buffer.from(name.split('.').map(Number)))
    : tagged(0x82, Buffer.from(name));

function pem(label: string, der: Buffer): string {
  const lines = der.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`;
}
