import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { expect, test } from 'vitest';

import { shell } from '../shell-fixture.ts';

const ID = '0199aaaa-0000-7000-8000-000000000001';
const AT = '2026-01-01T00:00:00Z';
const trigger = {
  id: ID,
  name: 'issues',
  kind: 'webhook',
  project_id: ID,
  enabled: true,
  webhook: { scheme: 'standard' },
  poller: null,
  cron: null,
  filter: null,
  run: { payload: {} },
  path: '/webhooks/abc',
  schedule_id: null,
  has_secret: true,
  previous_secret_until: null,
  last_poll: null,
  created_by: 'token:1',
  created_at: AT,
};
const firing = {
  id: ID,
  fired_at: AT,
  how: 'refused',
  delivery_key: 'id:7',
  repeats: 2,
  run_id: null,
  error: 'no such pool',
};

test('triggers: made from files, tried with a sample, seen with what came in', async () => {
  const { run, server, home } = await shell();
  const [runFile, sample] = [join(home, 'run.json'), join(home, 'sample.json')];
  await writeFile(runFile, '{"payload": {"a": "{{body.a}}"}}');
  await writeFile(sample, '{"a": 1}');
  server.on('triggers.createTrigger', () => ({
    status: 201,
    json: { ...trigger, secret: 'whsec_x' },
  }));
  server.on('triggers.listTriggers', () => ({ json: { triggers: [trigger] } }));
  server.on('triggers.getTrigger', () => ({ json: trigger }));
  server.on('triggers.listTriggerFirings', () => ({ json: { firings: [firing] } }));
  server.on('triggers.testTrigger', () => ({
    json: { passes: true, submission: { payload: { a: 1 } }, error: null },
  }));
  server.on('triggers.enableTrigger', () => ({ json: trigger }));
  server.on('triggers.disableTrigger', () => ({ json: trigger }));
  server.on('triggers.updateTrigger', () => ({ json: trigger }));
  server.on('triggers.rotateTrigger', () => ({ json: { ...trigger, secret: 'whsec_y' } }));
  server.on('triggers.deleteTrigger', () => ({ json: { id: ID, deleted: true } }));

  const made = await run(
    `triggers create --name issues --webhook standard --per-minute 9 --run ${runFile}`,
  );
  expect(made.out).toBe('/webhooks/abc\nwhsec_x');
  expect(server.asked('triggers.createTrigger')[0]?.body).toEqual({
    name: 'issues',
    kind: 'webhook',
    webhook: { scheme: 'standard', per_minute: 9 },
    run: { payload: { a: '{{body.a}}' } },
  });
  await run(
    `triggers create --name feed --poll https://example.com/ --every 5m --run ${runFile} --disabled`,
  );
  expect(server.asked('triggers.createTrigger')[1]?.body).toMatchObject({
    kind: 'poller',
    poller: { url: 'https://example.com/', every_seconds: 300 },
    enabled: false,
  });
  expect((await run(`triggers create --name x --run ${runFile}`)).code).not.toBe(0);
  expect((await run('triggers list')).out).toContain('/webhooks/abc');
  expect((await run('triggers get issues')).out).toContain('no such pool');
  expect((await run(`triggers test issues --sample ${sample}`)).out).toContain('"a": 1');
  expect(server.asked('triggers.testTrigger')[0]?.body).toEqual({ body: { a: 1 } });
  await run(`triggers test issues --sample ${sample} --header X-GitHub-Event=issues x-b=c=d`);
  expect(server.asked('triggers.testTrigger')[1]?.body).toEqual({
    body: { a: 1 },
    headers: { 'x-github-event': 'issues', 'x-b': 'c=d' },
  });
  expect((await run(`triggers test issues --sample ${sample} --header issues`)).code).toBe(2);
  expect((await run(`triggers update issues --run ${runFile}`)).code).toBe(0);
  expect((await run('triggers disable issues')).out).toBe('It is off.');
  expect((await run('triggers enable issues --json')).code).toBe(0);
  expect((await run('triggers rotate issues --overlap 1h')).out).toBe('whsec_y');
  expect(server.asked('triggers.rotateTrigger')[0]?.body).toEqual({ overlap_seconds: 3600 });
  expect((await run('triggers delete issues')).out).toBe('Deleted issues.');
});

test('triggers update changes what is said of its kind, and keeps the other options', async () => {
  const { run, server, home } = await shell();
  const secret = join(home, 'secret.txt');
  await writeFile(secret, 'a-token-of-the-feed\n');
  const url = 'https://example.com/';
  const poller = { url, every_seconds: 300, items: '/data' };
  const kinds: Record<string, object> = {
    feed: { ...trigger, kind: 'poller', webhook: null, poller },
    issues: { ...trigger, webhook: { scheme: 'hmac', header: 'X-A' } },
    daily: {
      ...trigger,
      kind: 'cron',
      webhook: null,
      cron: { cron: '0 7 * * *', overlap: 'skip' },
    },
  };
  server.on('triggers.getTrigger', ({ params }) => ({ json: kinds[params['trigger'] ?? ''] }));
  server.on('triggers.updateTrigger', () => ({ json: trigger }));
  await run(
    `triggers update feed --poll https://b.example.com/ --every 1m --secret-file ${secret}`,
  );
  await run('triggers update issues --per-minute 9 --tolerance 1m --header X-B');
  await run('triggers update daily --time-zone Europe/Berlin');
  await run('triggers update issues --name bugs');
  expect(server.asked('triggers.updateTrigger').map(({ body }) => body)).toEqual([
    {
      secret: 'a-token-of-the-feed',
      poller: { ...poller, url: 'https://b.example.com/', every_seconds: 60 },
    },
    { webhook: { scheme: 'hmac', header: 'X-B', per_minute: 9, tolerance_seconds: 60 } },
    { cron: { cron: '0 7 * * *', overlap: 'skip', time_zone: 'Europe/Berlin' } },
    { name: 'bugs' },
  ]);
  const wrong = await run('triggers update daily --every 1m');
  expect([wrong.code, wrong.err]).toEqual([2, expect.stringContaining('is a cron')]);
});
