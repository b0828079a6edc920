import { randomBytes } from 'node:crypto';

import { describe, expect, test } from 'vitest';

import { findPatterns } from './find-patterns.ts';
import { findPii } from './find-pii.ts';
import { findSecrets } from './find-secrets.ts';
import { redact } from './matches.ts';

const pii = (text: string): string => redact(text, findPii()(text));
const secrets = (text: string): string => redact(text, findSecrets(text));

describe('what tells who somebody is', () => {
  test.each([
    ['write to ada.lovelace+x@example.co.uk, please', 'write to [EMAIL_ADDRESS], please'],
    ['<jürgen@müller.de>', '<[EMAIL_ADDRESS]>'],
    ['call +49 (0)30 1234-5678 or 555-123-4567.', 'call [PHONE_NUMBER] or [PHONE_NUMBER].'],
    ['my card: 4111 1111 1111 1111, exp 12/29', 'my card: [CREDIT_CARD], exp 12/29'],
    ['5500000000000004', '[CREDIT_CARD]'],
    ['order 1234 4111-1111-1111-1111', 'order 1234 [CREDIT_CARD]'],
    ['IBAN DE89 3704 0044 0532 0130 00 today', 'IBAN [IBAN_CODE] today'],
    ['gb82west12345698765432', '[IBAN_CODE]'],
    ['ssn 078-05-1120', 'ssn [US_SSN]'],
    ['from 203.0.113.7:443', 'from [IP_ADDRESS]:443'],
    ['at 2001:db8::8a2e:370:7334', 'at [IP_ADDRESS]'],
  ])('is found: %s', (text, told) => {
    expect(pii(text)).toBe(told);
  });

  test.each([
    'card 4111 1111 1111 1112 has a wrong digit',
    'DE88 3704 0044 0532 0130 00 has a wrong checksum',
    'version 1.2.3.400 and 10.20.30.40.50',
    'std::vector<int>::iterator at 10:30:00',
    '000-12-3456 and 666-12-3456 and 123-00-4567',
    'a @ b, @decorator, user@localhost',
    'the year 2026-11-28, 1,234,567.89 and 3.14159265358979',
    'π ≈ 3.14159, ISBN 978-3-16-148410-0',
  ])('is nothing that only looks like it: %s', (text) => {
    expect(pii(text)).toBe(text);
  });

  test('is only what is asked for', () => {
    const text = 'a@b.co 4111111111111111';
    expect(redact(text, findPii(new Set(['CREDIT_CARD']))(text))).toBe('a@b.co [CREDIT_CARD]');
  });
});

// Made up here, so that nobody who looks for credentials finds one in this file.
const letters = (count: number): string =>
  randomBytes(count * 2)
    .toString('base64')
    .replace(/[^A-Za-z0-9]/g, 'x')
    .slice(0, count);
export const MADE_UP: readonly (readonly [string, string])[] = [
  ['AWS_ACCESS_KEY', `AKIA${letters(16).toUpperCase()}`],
  ['AWS_SECRET_KEY', `aws_secret_access_key = ${letters(40)}`],
  ['GITHUB_TOKEN', `ghp_${letters(36)}`],
  ['GITHUB_TOKEN', `github_pat_${letters(40)}`],
  ['SLACK_TOKEN', `xoxb-${letters(24)}`],
  ['GOOGLE_API_KEY', `AIza${letters(35)}`],
  ['STRIPE_KEY', `sk_live_${letters(24)}`],
  ['API_KEY', `sk-proj-${letters(48)}`],
  ['API_KEY', `sk-ant-api03-${letters(80)}`],
  ['API_KEY', `sat-${letters(43)}`],
  ['SESSION_TOKEN', `rt-1.${letters(60)}`],
  ['JSON_WEB_TOKEN', `eyJ${letters(33)}.eyJ${letters(1500)}.${letters(43)}`],
  [
    'PRIVATE_KEY',
    `-----BEGIN RSA PRIVATE KEY-----\n${letters(1_600)}\n-----END RSA PRIVATE KEY-----`,
  ],
];

describe('credentials', () => {
  test.each(MADE_UP)('are found by the form of their maker: %s', (what, secret) => {
    expect(secrets(`before ${secret} after`)).toBe(`before [${what}] after`);
    expect(secrets(`{"key":"${secret}"}`)).toBe(`{"key":"[${what}]"}`);
  });

  test('a private key without its end is one to the end of the text', () => {
    expect(secrets('x -----BEGIN PRIVATE KEY-----\nMIIE')).toBe('x [PRIVATE_KEY]');
  });

  test.each(['a task-force of sk-lovers', 'eyJust.eyJoke', 'ghp_short', 'AKIA is a prefix'])(
    'are nothing that only begins like one: %s',
    (text) => {
      expect(secrets(text)).toBe(text);
    },
  );
});

describe('expressions of an operator', () => {
  test('find what they say, by the places that JavaScript counts', () => {
    const find = findPatterns([{ what: 'TICKET', pattern: '(?i)acme-[0-9]{4}' }]);
    const text = 'é😀 Acme-1234, ACME-99';
    expect(redact(text, find(text))).toBe('é😀 [TICKET], ACME-99');
  });

  test('take a time that grows with the text alone, whatever they are', () => {
    const find = findPatterns([{ what: 'X', pattern: '(a+)+$' }]);
    const startedMs = performance.now();
    expect(find(`${'a'.repeat(5_000)}!`)).toEqual([]);
    // An engine that tries all ways would not be done in the age of the universe.
    expect(performance.now() - startedMs).toBeLessThan(30_000);
  });

  test('are refused where they need more than that', () => {
    expect(() => findPatterns([{ what: 'X', pattern: '(?=a)' }])).toThrow('invalid');
    expect(() => findPatterns([{ what: 'X', pattern: '(a)\\1' }])).toThrow('invalid');
  });
});

test('our own rules are linear: a long text of what nearly matches is looked at in no time', () => {
  const startedMs = performance.now();
  for (const part of [
    'a.',
    '1-',
    '1 ',
    'AB12 ',
    'a@',
    '@a.',
    '::',
    '-----BEGIN ',
    'eyJ',
    'sk-',
    '+1 ',
  ]) {
    const text = part.repeat(100_000 / part.length);
    findPii()(text);
    findSecrets(text);
  }
  expect(performance.now() - startedMs).toBeLessThan(30_000);
});
