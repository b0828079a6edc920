import { expect, test } from 'vitest';

import { shell } from '../shell-fixture.ts';

const ID = '0199aaaa-0000-7000-8000-000000000001';
const rule = {
  id: ID,
  name: 'web',
  project_id: null,
  agent_name: null,
  period: 'month',
  limit_usd: null,
  thresholds: [80, 100],
  on_forecast: true,
  email_to: ['anna@example.com'],
  created_by: 'token:1',
  created_at: '2026-01-01T00:00:00Z',
};

test('alerts add-rule says whom to tell of what, and rules lists it', async () => {
  const { run, server } = await shell();
  server.on('ledger.createAlertRule', () => ({ status: 201, json: rule }));
  server.on('ledger.listAlertRules', () => ({ json: { rules: [rule] } }));
  const added = await run(
    'alerts add-rule --name web --period month --at 80,100 --on-forecast --email-to anna@example.com',
  );
  expect(added.out).toBe(ID);
  expect(server.asked('ledger.createAlertRule')[0]).toMatchObject({
    body: {
      name: 'web',
      period: 'month',
      thresholds: [80, 100],
      on_forecast: true,
      email_to: ['anna@example.com'],
    },
  });
  expect((await run('alerts rules')).out).toMatch(
    /web +organization +- +month +- +80, 100 %, forecast +anna@example.com/,
  );
  expect((await run('alerts add-rule --name web --at half')).err).toContain('percents');
});

test('alerts test-email and emails tell what was sent', async () => {
  const { run, server } = await shell();
  const email = {
    id: ID,
    event_type: 'alert.test',
    to: 'anna@example.com',
    subject: '[sagewai] A test',
    state: 'pending',
    attempts: 0,
    created_at: '2026-01-01T00:00:00Z',
    ended_at: null,
    last_error: null,
  };
  server.on('trust.testAlertEmail', () => ({ status: 202, json: email }));
  server.on('trust.listAlertEmails', () => ({ json: { emails: [email] } }));
  expect((await run('alerts test-email anna@example.com')).out).toContain('Queued');
  expect((await run('alerts emails')).out).toMatch(/anna@example.com +\[sagewai\] A test +pending/);
});

test('alerts change-rule changes what is said, and leaves the rest', async () => {
  const { run, server } = await shell();
  server.on('ledger.updateAlertRule', () => ({ json: rule }));
  expect((await run(`alerts change-rule ${ID} --at 90 --limit-usd 5`)).out).toBe('Changed web.');
  await run(`alerts change-rule ${ID} --no-limit --no-forecast --no-email`);
  await run(`alerts change-rule ${ID} --on-forecast --email-to ben@example.com`);
  expect(server.asked('ledger.updateAlertRule').map(({ body }) => body)).toEqual([
    { thresholds: [90], limit_usd: '5' },
    { limit_usd: null, on_forecast: false, email_to: [] },
    { on_forecast: true, email_to: ['ben@example.com'] },
  ]);
});
