import { createHash, type KeyObject } from 'node:crypto';

/** The SHA-256 thumbprint of a public Ed25519 key (RFC 7638, RFC 8037), base64url; null for other keys. */
export function thumbprintOf(key: KeyObject): string | null {
  if (key.asymmetricKeyType !== 'ed25519') return null;
  const { crv, kty, x } = key.export({ format: 'jwk' });
  return createHash('sha256').update(JSON.stringify({ crv, kty, x })).digest('base64url');
}
