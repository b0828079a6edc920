import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { expect, test } from 'vitest';

import { shell } from '../shell-fixture.ts';

const ID = '0199aaaa-0000-7000-8000-000000000001';
const AT = '2026-01-01T00:00:00Z';
const sink = {
  id: ID,
  name: 'siem',
  url: 'syslog+tls://logs.example.com:6514',
  format: 'cef',
  created_at: AT,
  created_by: 'token:1',
  cursor: 4,
  behind: 2,
  last_sent_at: AT,
  last_error: 'ECONNREFUSED',
  next_attempt_at: AT,
  disabled_why: null,
};

test('audit sinks: made with an authority, listed with what is wrong, stopped and deleted', async () => {
  const { run, server, home } = await shell();
  server.on('trust.createAuditSink', ({ body }) => {
    const isWeb = String((body as { url: string }).url).startsWith('https');
    return { status: 201, json: { ...sink, secret: isWeb ? 'whsec_x' : null } };
  });
  server.on('trust.listAuditSinks', () => ({ json: { sinks: [sink] } }));
  server.on('trust.updateAuditSink', () => ({ json: sink }));
  server.on('trust.deleteAuditSink', () => ({ json: { status: 'ok' } }));
  const ca = join(home, 'ca.pem');
  await writeFile(ca, 'PEM');
  const made = await run(`audit sinks create --name siem --to ${sink.url} --format cef --ca ${ca}`);
  expect(made.out).toBe(ID);
  expect(server.asked('trust.createAuditSink')[0]?.body).toEqual({
    name: 'siem',
    url: sink.url,
    format: 'cef',
    from: 'now',
    ca: 'PEM',
  });
  const web = 'audit sinks create --name web --to https://hooks.example.com/ --from-beginning';
  expect((await run(web)).out).toBe('whsec_x');
  expect(server.asked('trust.createAuditSink')[1]?.body).toMatchObject({ from: 'beginning' });
  expect((await run('audit sinks list')).out).toMatch(/siem .* 2 .* failing +ECONNREFUSED/);
  expect((await run(`audit sinks disable ${ID}`)).out).toBe('siem has stopped at entry 4.');
  expect((await run(`audit sinks enable ${ID} --json`)).code).toBe(0);
  expect((await run(`audit sinks delete ${ID}`)).out).toBe('Deleted.');
});

test('audit sinks test waits until the cursor is past the test', async () => {
  const { run, server } = await shell();
  server.on('trust.testAuditSink', () => ({ status: 202, json: sink }));
  let looks = 0;
  server.on('trust.listAuditSinks', () => {
    looks += 1;
    return { json: { sinks: [looks < 2 ? sink : { ...sink, cursor: 7, last_error: null }] } };
  });
  expect(await run(`audit sinks test ${ID}`)).toMatchObject({
    code: 0,
    out: 'Acknowledged up to entry 7.',
  });
  server.on('trust.listAuditSinks', () => ({ json: { sinks: [] } }));
  expect((await run(`audit sinks test ${ID}`)).code).not.toBe(0);
});
