import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  randomBytes,
  timingSafeEqual,
} from 'node:crypto';

const VERSION = 0x80;
const HEAD_BYTES = 1 + 8 + 16;
const BLOCK_BYTES = 16;
const MAC_BYTES = 32;
const CLOCK_SKEW_SECONDS = 60;

/** Sixteen bytes that sign, sixteen that encrypt. */
export interface FernetKey {
  readonly signing: Uint8Array;
  readonly encryption: Uint8Array;
}

export type FernetOpened =
  | { readonly kind: 'opened'; readonly data: Buffer; readonly at: Date }
  | { readonly kind: 'refused'; readonly why: 'malformed' | 'forged' | 'expired' | 'future' };

/** Null when it is not 32 bytes in base64url. Accepts any such key; weak ones are judged elsewhere. */
export function fernetKey(text: string): FernetKey | null {
  if (!/^[\w+/-]{43}=?$/.test(text)) return null;
  const bytes = Buffer.from(text, 'base64url');
  return { signing: bytes.subarray(0, 16), encryption: bytes.subarray(16) };
}

/** As other programs write such a key. */
export const fernetKeyText = ({ signing, encryption }: FernetKey): string =>
  padded(Buffer.concat([signing, encryption]));

/** The Fernet format (version 0x80): AES-128-CBC, then HMAC-SHA256 over all of it. */
export function fernetEncrypt(
  key: FernetKey,
  data: Uint8Array | string,
  now: Date,
  iv: Uint8Array = randomBytes(16),
): string {
  const head = Buffer.alloc(HEAD_BYTES);
  head[0] = VERSION;
  head.writeBigUInt64BE(BigInt(Math.floor(now.getTime() / 1000)), 1);
  head.set(iv, 9);
  const cipher = createCipheriv('aes-128-cbc', key.encryption, iv);
  const body = Buffer.concat([head, cipher.update(data), cipher.final()]);
  return padded(Buffer.concat([body, mac(key, body)]));
}

/** `ttlSeconds` null accepts any age. A time more than a minute ahead is refused either way. */
export function fernetDecrypt(
  key: FernetKey,
  token: string,
  { now, ttlSeconds }: { readonly now: Date; readonly ttlSeconds: number | null },
): FernetOpened {
  const bytes = Buffer.from(token, 'base64url');
  const cipherBytes = bytes.length - HEAD_BYTES - MAC_BYTES;
  const whole = cipherBytes >= BLOCK_BYTES && cipherBytes % BLOCK_BYTES === 0;
  // A text with a second spelling of the same bytes, or with anything that is not base64url.
  if (!whole || bytes[0] !== VERSION || padded(bytes) !== token) return refused('malformed');
  const body = bytes.subarray(0, -MAC_BYTES);
  if (!timingSafeEqual(mac(key, body), bytes.subarray(-MAC_BYTES))) return refused('forged');

  const atSeconds = Number(bytes.readBigUInt64BE(1));
  const ageSeconds = Math.floor(now.getTime() / 1000) - atSeconds;
  if (ageSeconds < -CLOCK_SKEW_SECONDS) return refused('future');
  if (ttlSeconds !== null && ageSeconds > ttlSeconds) return refused('expired');
  try {
    const decipher = createDecipheriv('aes-128-cbc', key.encryption, bytes.subarray(9, HEAD_BYTES));
    const data = Buffer.concat([decipher.update(body.subarray(HEAD_BYTES)), decipher.final()]);
    return { kind: 'opened', data, at: new Date(atSeconds * 1000) };
  } catch {
    return refused('malformed'); // the padding of a signed message is wrong: its maker's mistake
  }
}

const refused = (why: Extract<FernetOpened, { kind: 'refused' }>['why']): FernetOpened => ({
  kind: 'refused',
  why,
});

const mac = (key: FernetKey, body: Uint8Array): Buffer =>
  createHmac('sha256', key.signing).update(body).digest();

const padded = (bytes: Buffer): string =>
  bytes.toString('base64').replaceAll('+', '-').replaceAll('/', '_');
