import { createPrivateKey } from 'node:crypto';

import { type HpkeKeyPair, hpkeKeyPair, hpkePrivateBytes } from './hpke.ts';

export const sealKeyText = ({ publicKey }: HpkeKeyPair): string =>
  Buffer.from(publicKey).toString('hex');

/** PKCS #8, as `openssl genpkey -algorithm X25519` writes it. */
export const sealKeyPem = ({ privateKey }: HpkeKeyPair): string =>
  privateKey.export({ format: 'pem', type: 'pkcs8' }).toString();

/** Null: it holds no X25519 private key. */
export function readSealKeyPem(pem: string): HpkeKeyPair | null {
  try {
    const privateKey = createPrivateKey(pem);
    if (privateKey.asymmetricKeyType !== 'x25519') return null;
    return hpkeKeyPair(hpkePrivateBytes({ privateKey }));
  } catch {
    return null;
  }
}
