import { createHmac, randomBytes } from 'node:crypto';

import { sameText } from './tokens.ts';

/** One-time passwords by time: RFC 6238 with what authenticator apps take, SHA-1, 6 digits, 30 seconds. */
const STEP_SECONDS = 30;
const DIGITS = 6;
/** 160 bits, as RFC 4226 recommends. */
const SECRET_BYTES = 20;
/** Clocks of telephones differ; one step each way. */
const STEPS_OFF = 1;
const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

export type TotpMatch =
  /** `step` must be kept: a code of it, or of an earlier one, is a replay from then on. */
  { readonly kind: 'right'; readonly step: number } | { readonly kind: 'wrong' };

export const newTotpSecret = (): Buffer => randomBytes(SECRET_BYTES);

/** Whether the code is right now, and newer than the last one that was used. */
export function matchTotp(
  secret: Uint8Array,
  code: string,
  { now, lastStep }: { readonly now: Date; readonly lastStep: number },
): TotpMatch {
  const present = Math.floor(now.getTime() / 1000 / STEP_SECONDS);
  for (let step = present - STEPS_OFF; step <= present + STEPS_OFF; step += 1) {
    if (step > lastStep && sameText(code, totpCode(secret, step))) return { kind: 'right', step };
  }
  return { kind: 'wrong' };
}

export function totpCode(secret: Uint8Array, step: number, digits = DIGITS): string {
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(step));
  const mac = createHmac('sha1', secret).update(counter).digest();
  const at = (mac.at(-1) ?? 0) & 0x0f;
  const number = mac.readUInt32BE(at) & 0x7f_ff_ff_ff;
  return String(number % 10 ** digits).padStart(digits, '0');
}

/** What an authenticator app reads from a picture. */
export function totpUri(of: {
  readonly secret: Uint8Array;
  readonly issuer: string;
  readonly account: string;
}): string {
  const issuer = encodeURIComponent(of.issuer);
  const label = `${issuer}:${encodeURIComponent(of.account)}`;
  return `otpauth://totp/${label}?secret=${base32(of.secret)}&issuer=${issuer}&algorithm=SHA1&digits=${DIGITS}&period=${STEP_SECONDS}`;
}

/** RFC 4648, without padding. */
export function base32(bytes: Uint8Array): string {
  let text = '';
  let bits = 0;
  let held = 0;
  for (const byte of bytes) {
    held = ((held << 8) | byte) & 0xffff;
    bits += 8;
    for (; bits >= 5; bits -= 5) text += ALPHABET[(held >> (bits - 5)) & 31];
  }
  return bits > 0 ? text + ALPHABET[(held << (5 - bits)) & 31] : text;
}
