import { expect, test } from 'vitest';

import { shell } from '../shell-fixture.ts';

const ID = '0199aaaa-0000-7000-8000-000000000001';
const AT = '2026-01-01T00:00:00Z';
const webhook = {
  id: ID,
  name: 'ops',
  url: 'https://hooks.example.com/',
  event_types: ['run.*'],
  created_at: AT,
  created_by: 'token:1',
  previous_secret_until: null,
  disabled_why: null,
  project_id: null,
  failing_since: AT,
};
const delivery = {
  id: ID,
  webhook_id: ID,
  message_id: 'evt_1',
  event_type: 'run.failed',
  state: 'failed',
  attempts: 1,
  created_at: AT,
  next_attempt_at: null,
  ended_at: AT,
  last_status: 503,
  last_error: 'not now',
};

test('webhooks: made, changed, tried, and what was sent can be seen and sent again', async () => {
  const { run, server } = await shell();
  server.on('webhooks.createWebhook', () => ({
    status: 201,
    json: { ...webhook, secret: 'whsec_x' },
  }));
  server.on('webhooks.listWebhooks', () => ({ json: { webhooks: [webhook] } }));
  server.on('webhooks.updateWebhook', () => ({ json: webhook }));
  server.on('webhooks.rotateWebhook', () => ({ json: { ...webhook, secret: 'whsec_y' } }));
  server.on('webhooks.deleteWebhook', () => ({ json: { status: 'ok' } }));
  server.on('webhooks.testWebhook', () => ({ status: 202, json: delivery }));
  server.on('webhooks.listDeliveries', () => ({ json: { deliveries: [delivery] } }));
  const log = [{ at: AT, took_ms: 7, status: 503, error: 'not now', answer: 'not now' }];
  server.on('webhooks.getDelivery', () => ({ json: { ...delivery, body: '{}', log } }));
  server.on('webhooks.redeliver', () => ({ status: 202, json: { queued: 3 } }));
  server.on('webhooks.listEventTypes', () => ({
    json: { version: 1, events: [{ type: 'run.failed', data: ['run_id'] }] },
  }));

  const create =
    'webhooks create --name ops --to https://hooks.example.com/ --events run.failed,key.*';
  expect((await run(create)).out).toBe('whsec_x');
  expect(server.asked('webhooks.createWebhook')[0]?.body).toMatchObject({
    events: ['run.failed', 'key.*'],
  });
  expect((await run('webhooks list')).out).toContain('failing');
  expect((await run('webhooks events')).out).toContain('run.failed');
  expect((await run(`webhooks update ${ID} --enable`)).code).toBe(0);
  expect(server.asked('webhooks.updateWebhook')[0]?.body).toEqual({ enabled: true });
  expect((await run(`webhooks update ${ID} --enable --disable`)).code).not.toBe(0);
  expect((await run(`webhooks test ${ID}`)).out).toContain('evt_1');
  expect((await run(`webhooks deliveries ${ID} --state failed`)).out).toContain('not now');
  expect((await run(`webhooks deliveries ${ID} --delivery ${ID}`)).out).toContain('7 ms');
  expect((await run(`webhooks redeliver ${ID}`)).code).not.toBe(0);
  expect((await run(`webhooks redeliver ${ID} --state failed`)).out).toBe('Queued 3 again.');
  expect((await run(`webhooks rotate ${ID} --json`)).code).toBe(0);
  expect((await run(`webhooks delete ${ID}`)).out).toBe('Deleted.');
});
