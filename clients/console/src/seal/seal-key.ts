import { createStore } from '../store.ts';
import { fromBase64, hexOf } from './bytes.ts';

/** X25519. The private half stays in the browser's own keeping: no script can read it from there. */
export interface SealKey {
  readonly privateKey: CryptoKey;
  readonly publicKey: Uint8Array<ArrayBuffer>;
  /** What names it in an envelope. */
  readonly text: string;
}

/** Given by a person, for as long as the tab is open. Neither stored nor sent. */
export const sealKey = createStore<SealKey | null>(null);

const PEM = /-----BEGIN PRIVATE KEY-----([A-Za-z0-9+/=\s]+)-----END PRIVATE KEY-----/;
const X25519 = { name: 'X25519' } as const;

/** Of a file as `sagewai runs seal-keygen` and OpenSSL write it. Null: it holds no such key. */
export async function readSealKey(pem: string): Promise<SealKey | null> {
  const der = fromBase64(PEM.exec(pem)?.[1]?.replaceAll(/\s/g, '') ?? '');
  if (der === null || der.length === 0) return null;
  try {
    const whole = await crypto.subtle.importKey('pkcs8', der, X25519, true, ['deriveBits']);
    const { x = '' } = await crypto.subtle.exportKey('jwk', whole);
    const privateKey = await crypto.subtle.importKey('pkcs8', der, X25519, false, ['deriveBits']);
    const publicKey = fromBase64(x);
    return publicKey === null ? null : { privateKey, publicKey, text: hexOf(publicKey) };
  } catch {
    return null;
  } finally {
    der.fill(0);
  }
}

/** Null: this page can. Browsers offer cryptography only where nobody between could have changed the page. */
export const cannotOpen = (): string | null =>
  globalThis.isSecureContext
    ? null
    : 'Your browser opens nothing on a page that came over plain HTTP: use HTTPS, localhost, or sagewai runs get.';
