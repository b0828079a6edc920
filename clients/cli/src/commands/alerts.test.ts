import { expect, test } from 'vitest';

import { shell } from '../shell-fixture.ts';

const ID = '0199aaaa-0000-7000-8000-000000000001';
const AT = '2026-01-01T00:00:00Z';
const webhook = {
  id: ID,
  name: 'ops',
  url: 'https://hooks.example.com/',
  event_types: [],
  created_at: AT,
  created_by: 'token:1',
  previous_secret_until: null,
  disabled_why: null,
};
const delivery = {
  id: ID,
  webhook_id: ID,
  message_id: 'msg_1',
  event_type: 'alert.test',
  state: 'pending',
  attempts: 1,
  created_at: AT,
  next_attempt_at: AT,
  ended_at: null,
  last_status: 503,
  last_error: 'not now',
};

test('alerts: the secret alone is on stdout, and what was sent can be seen and sent again', async () => {
  const { run, server } = await shell();
  server.on('trust.createAlertWebhook', () => ({
    status: 201,
    json: { ...webhook, secret: 'whsec_x' },
  }));
  server.on('trust.listAlertWebhooks', () => ({ json: { webhooks: [webhook] } }));
  server.on('trust.testAlertWebhook', () => ({ status: 202, json: delivery }));
  server.on('trust.listAlertDeliveries', () => ({ json: { deliveries: [delivery] } }));
  server.on('trust.redeliverAlert', () => ({ status: 202, json: delivery }));
  server.on('trust.rotateAlertWebhook', () => ({ json: { ...webhook, secret: 'whsec_y' } }));
  server.on('trust.updateAlertWebhook', () => ({ json: webhook }));
  server.on('trust.deleteAlertWebhook', () => ({ json: { status: 'ok' } }));
  const create = 'alerts create --name ops --to https://hooks.example.com/ --types worker.anomaly';
  expect((await run(create)).out).toBe('whsec_x');
  expect(server.asked('trust.createAlertWebhook')[0]?.body).toEqual({
    name: 'ops',
    url: 'https://hooks.example.com/',
    event_types: ['worker.anomaly'],
  });
  expect((await run('alerts list')).out).toContain('hooks.example.com');
  expect((await run(`alerts test ${ID}`)).out).toContain('msg_1');
  expect((await run(`alerts deliveries ${ID}`)).out).toContain('not now');
  expect((await run(`alerts redeliver ${ID} ${ID}`)).code).toBe(0);
  expect((await run(`alerts rotate ${ID}`)).out).toBe('whsec_y');
  expect((await run(`alerts enable ${ID} --json`)).code).toBe(0);
  expect((await run(`alerts delete ${ID}`)).out).toBe('Deleted.');
});
