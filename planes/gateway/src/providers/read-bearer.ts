import { isObject } from '@sagewai/translate';

import { parseData } from '../bytes/stream-reading.ts';
import type { Token } from './kept-token.ts';

export interface Bearer extends Readonly<Record<string, string>> {
  readonly authorization: string;
}

/** As OAuth answers (RFC 6749, 5.1). Nothing of it is quoted (M6). */
export function readBearer(
  text: string,
  { whose, at }: { readonly whose: string; readonly at: number },
): Token<Bearer> {
  const told = parseData(text);
  const { access_token: value, expires_in: given } = isObject(told) ? told : {};
  if (typeof value !== 'string' || !/^[\x21-\x7e]+$/.test(value))
    throw new Error(`the token URL of ${whose} gave no token`);
  // Some write numbers as texts.
  const seconds = Number(given);
  const lifeMs = seconds > 0 ? seconds * 1_000 : 0;
  return { value: { authorization: `Bearer ${value}` }, expiresAt: at + lifeMs };
}
