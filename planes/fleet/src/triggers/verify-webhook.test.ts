import { createHmac } from 'node:crypto';

import { signWebhook } from '@sagewai/trust';
import type { WebhookOptions } from '@sagewai/wire';
import { describe, expect, test } from 'vitest';

import { deliveryKeyOf, type Incoming, isVerified } from './verify-webhook.ts';

const SECRET = `whsec_${Buffer.from('a secret of thirty-two bytes, ok').toString('base64')}`;
const NOW = Date.parse('2026-01-02T03:04:05Z');
const SECONDS = String(NOW / 1_000);
const raw = Buffer.from('{"id":"evt_1","event_id":"Ev1","n":1}');
const mac = (text: string, encoding: 'hex' | 'base64' = 'hex', algorithm = 'sha256'): string =>
  createHmac(algorithm, SECRET).update(text).digest(encoding);

/** As each sender signs. */
const SIGNED: Readonly<Record<string, [WebhookOptions, Record<string, string>]>> = {
  standard: [
    { scheme: 'standard' },
    signWebhook({ id: 'msg_1', at: new Date(NOW), body: String(raw) }, ['whsec_AAAA', SECRET]),
  ],
  github: [{ scheme: 'github' }, { 'x-hub-signature-256': `sha256=${mac(String(raw))}` }],
  stripe: [
    { scheme: 'stripe' },
    { 'stripe-signature': `t=${SECONDS},v1=00,v1=${mac(`${SECONDS}.${String(raw)}`)},v0=x` },
  ],
  slack: [
    { scheme: 'slack' },
    {
      'x-slack-request-timestamp': SECONDS,
      'x-slack-signature': `v0=${mac(`v0:${SECONDS}:${String(raw)}`)}`,
    },
  ],
  hmac: [
    { scheme: 'hmac', header: 'X-Sign', algorithm: 'sha512', encoding: 'base64', prefix: 's=' },
    { 'x-sign': `s=${mac(String(raw), 'base64', 'sha512')}` },
  ],
  bearer: [{ scheme: 'bearer' }, { authorization: `Bearer ${SECRET}` }],
};

const incoming = (headers: Record<string, string>, more: Partial<Incoming> = {}): Incoming => ({
  headers,
  raw,
  nowMs: NOW,
  ...more,
});

describe.for(Object.entries(SIGNED))('%s', ([scheme, [options, headers]]) => {
  test('is verified with any secret that is good', () => {
    expect(isVerified(options, incoming(headers), [SECRET])).toBe(true);
    expect(isVerified(options, incoming(headers), ['another', SECRET])).toBe(true);
  });

  test('is refused with another secret, none, or no header', () => {
    expect(isVerified(options, incoming(headers), ['another'])).toBe(false);
    expect(isVerified(options, incoming(headers), [])).toBe(false);
    expect(isVerified(options, incoming({}), [SECRET])).toBe(false);
  });

  test('covers the bytes as they came (X2)', () => {
    const other = { raw: Buffer.concat([raw, Buffer.from(' ')]) };
    expect(isVerified(options, incoming(headers, other), [SECRET])).toBe(scheme === 'bearer');
  });

  test('is good around its time', () => {
    const isTimed = ['standard', 'stripe', 'slack'].includes(scheme);
    for (const apart of [-301_000, 301_000]) {
      const late = incoming(headers, { nowMs: NOW + apart });
      expect(isVerified(options, late, [SECRET])).toBe(!isTimed);
      expect(isVerified({ ...options, tolerance_seconds: 400 }, late, [SECRET])).toBe(true);
    }
  });

  test('a header that was changed beside the signature makes no other delivery (X3)', () => {
    const body = JSON.parse(String(raw)) as unknown;
    const key = deliveryKeyOf(options, incoming(headers), body);
    const changed = { ...headers, 'x-github-delivery': 'other', 'idempotency-key': 'other' };
    expect(deliveryKeyOf(options, incoming(changed), body)).toBe(key);
  });
});

test('what the sender calls the delivery is its key, where that is signed', () => {
  const body = { id: 'evt_1', event_id: 'Ev1', deep: { n: 5 } };
  const key = (options: WebhookOptions): string =>
    deliveryKeyOf(options, incoming({ 'webhook-id': 'msg_9' }), body);
  expect(key({ scheme: 'standard' })).toBe('id:msg_9');
  expect(key({ scheme: 'stripe' })).toBe('id:evt_1');
  expect(key({ scheme: 'slack' })).toBe('id:Ev1');
  expect(key({ scheme: 'hmac', delivery_id: '/deep/n' })).toBe('id:5');
  expect(key({ scheme: 'hmac', delivery_id: '/none' })).toMatch(/^body:[0-9a-f]{64}$/);
});
