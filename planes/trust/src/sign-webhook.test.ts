import { createHmac } from 'node:crypto';

import { describe, expect, test } from 'vitest';

import { newWebhookSecret, signWebhook } from './sign-webhook.ts';

describe('signWebhook', () => {
  test('signs id, seconds and body with the decoded secret', () => {
    const secret = `whsec_${Buffer.alloc(24, 7).toString('base64')}`;
    const message = { id: 'msg_1', at: new Date(1_700_000_000_900), body: '{"a":1}' };
    const headers = signWebhook(message, [secret]);
    const expected = createHmac('sha256', Buffer.alloc(24, 7))
      .update('msg_1.1700000000.{"a":1}')
      .digest('base64');
    expect(headers).toMatchObject({
      'webhook-id': 'msg_1',
      'webhook-timestamp': '1700000000',
      'webhook-signature': `v1,${expected}`,
    });
  });

  test('agrees with the published example', () => {
    const headers = signWebhook(
      {
        id: 'msg_p5jXN8AQM9LWM0D4loKWxJek',
        at: new Date(1_614_265_330_000),
        body: '{"test": 2432232314}',
      },
      ['whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'],
    );
    expect(headers['webhook-signature']).toBe('v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=');
  });

  test('while a secret is changed over, both sign', () => {
    const secrets = [newWebhookSecret(), newWebhookSecret()];
    const headers = signWebhook({ id: 'm', at: new Date(0), body: '' }, secrets);
    expect(headers['webhook-signature']?.split(' ')).toHaveLength(2);
    expect(secrets[0]).toMatch(/^whsec_[\w+/]{43}=$/);
  });
});
