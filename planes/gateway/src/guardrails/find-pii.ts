/** What tells who somebody is, by the names that Presidio has for it. Checksums are checked. */
import { isIPv4, isIPv6 } from 'node:net';

import type { Find, Match } from './guardrail.ts';
import { findAll, joined } from './matches.ts';

const EMAIL =
  /(?<![\p{L}\p{N}._%+-])[\p{L}\p{N}._%+-]{1,64}@[\p{L}\p{N}-]{1,63}(?:\.[\p{L}\p{N}-]{1,63}){1,8}/gu;
const PHONE =
  /(?<![\w+.])(?:\+\d(?:[\s().-]{0,2}\d){7,14}|\(?\d{3}\)?[ .-]\d{3}[ .-]\d{4})(?![\d-])/g;
const SSN = /(?<![\w-])(?!000|666|9\d\d)\d{3}-(?!00)\d{2}-(?!0000)\d{4}(?![\w-])/g;
const IP_V4 = /(?<![\w.])\d{1,3}(?:\.\d{1,3}){3}(?![\w]|\.\d)/g;
const IP_V6 = /(?<![\w:.])[0-9A-Fa-f]{0,4}(?::[0-9A-Fa-f]{0,4}){2,7}(?![\w:])/g;
const DIGITS = /(?<![\w])\d(?:[ -]?\d){12,40}/g;
const IBAN_START = /(?<![A-Za-z0-9])[A-Za-z]{2}\d{2}/g;

const plain = findAll([
  { what: 'EMAIL_ADDRESS', pattern: EMAIL },
  { what: 'US_SSN', pattern: SSN },
  { what: 'PHONE_NUMBER', pattern: PHONE },
  { what: 'IP_ADDRESS', pattern: IP_V4, isReal: isIPv4 },
  {
    what: 'IP_ADDRESS',
    pattern: IP_V6,
    isReal: (text) => /[0-9A-Fa-f].*:.*[0-9A-Fa-f]/.test(text) && isIPv6(text),
  },
]);

export const PII = [
  'EMAIL_ADDRESS',
  'PHONE_NUMBER',
  'IBAN_CODE',
  'CREDIT_CARD',
  'US_SSN',
  'IP_ADDRESS',
] as const;
export type Pii = (typeof PII)[number];

export function findPii(wanted: ReadonlySet<Pii> = new Set(PII)): Find {
  return (text) => {
    const found = [...findCards(text), ...findIbans(text), ...plain(text)];
    return joined(found.filter(({ what }) => wanted.has(what as Pii)));
  };
}

const CARD_DIGITS_MIN = 13;
const CARD_DIGITS_MAX = 19;

/** Of digits in groups, those groups that together are the number of a card. */
function findCards(text: string): Match[] {
  const found: Match[] = [];
  for (const run of text.matchAll(DIGITS)) {
    const groups = [...run[0].matchAll(/\d+/g)];
    for (let first = 0; first < groups.length; first++) {
      let digits = '';
      for (let last = first; last < groups.length; last++) {
        digits += groups[last]?.[0] ?? '';
        if (digits.length > CARD_DIGITS_MAX) break;
        if (digits.length < CARD_DIGITS_MIN || !isCard(digits)) continue;
        const start = run.index + (groups[first]?.index ?? 0);
        const end = run.index + (groups[last]?.index ?? 0) + (groups[last]?.[0].length ?? 0);
        found.push({ start, end, what: 'CREDIT_CARD' });
        first = last;
        break;
      }
    }
  }
  return found;
}

/** Luhn, and a first digit that cards have. */
function isCard(digits: string): boolean {
  if (!/^[2-6]/.test(digits)) return false;
  let sum = 0;
  for (let at = 0; at < digits.length; at++) {
    const digit = Number(digits[digits.length - 1 - at]);
    const twice = digit * 2;
    sum += at % 2 === 0 ? digit : twice > 9 ? twice - 9 : twice;
  }
  return sum % 10 === 0;
}

const IBAN_MIN = 15;
const IBAN_MAX = 34;

/** Letters and digits in groups; the first length whose checksum is right. */
function findIbans(text: string): Match[] {
  const found: Match[] = [];
  for (const { index } of text.matchAll(IBAN_START)) {
    let code = '';
    for (let at = index; at < text.length && code.length < IBAN_MAX; at++) {
      const character = text[at] ?? '';
      if (/[A-Za-z0-9]/.test(character)) code += character.toUpperCase();
      else if (!(character === ' ' && /[A-Za-z0-9]/.test(text[at + 1] ?? ''))) break;
      const isEnd = !/[A-Za-z0-9]/.test(text[at + 1] ?? '');
      if (!isEnd || character === ' ' || code.length < IBAN_MIN) continue;
      if (!isIban(code)) continue;
      found.push({ start: index, end: at + 1, what: 'IBAN_CODE' });
      break;
    }
  }
  return found;
}

/** ISO 13616: as a number, with its head at its end, it leaves 1 over 97. */
function isIban(code: string): boolean {
  let rest = 0;
  for (const character of code.slice(4) + code.slice(0, 4)) {
    const value = Number.parseInt(character, 36);
    rest = (rest * (value > 9 ? 100 : 10) + value) % 97;
  }
  return rest === 1;
}
