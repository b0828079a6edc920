import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { expect, test } from 'vitest';

import { shell } from '../shell-fixture.ts';

const guardrail = {
  id: null,
  project_id: null,
  patterns: null,
  url: null,
  has_secret: false,
  created_at: null,
  updated_at: null,
  name: 'pii',
  kind: 'pii',
  action: 'redact',
  before: true,
  after: true,
  default_on: true,
  projects: [],
  uninspectable: 'pass',
  looks_for: ['EMAIL_ADDRESS'],
};

test('gateway guardrails lists them', async () => {
  const { run, server } = await shell();
  const answer = { guardrails: [guardrail, { ...guardrail, name: 'b', default_on: false }] };
  server.on('gateway.listGuardrails', () => ({ json: answer }));
  const { out } = await run('gateway guardrails');
  expect(out).toMatch(/pii +pii +redact +before, after +every call +EMAIL_ADDRESS/);
  expect(out).toContain('where a key or a call says so');
  expect(JSON.parse((await run('gateway guardrails --json')).out)).toEqual(answer);
});

test('gateway guardrails test says what one finds', async () => {
  const { run, server } = await shell();
  const file = join(tmpdir(), `guardrail-${process.pid}.txt`);
  await writeFile(file, 'a@b.co');
  const answer = {
    verdict: 'redact',
    found: [{ start: 0, end: 6, what: 'EMAIL_ADDRESS' }],
    text: '[EMAIL_ADDRESS]',
  };
  server.on('gateway.testGuardrail', () => ({ json: answer }));
  const { out } = await run(`gateway guardrails test --name pii --file ${file}`);
  expect(out).toBe('redact\nEMAIL_ADDRESS at 0–6\n\n[EMAIL_ADDRESS]');
  expect(server.asked('gateway.testGuardrail')[0]).toMatchObject({
    body: { name: 'pii', text: 'a@b.co' },
  });
});

test('guardrails are made, changed and deleted', async () => {
  const { run, server } = await shell();
  const id = '0199aaaa-0000-7000-8000-000000000001';
  const made = { ...guardrail, id };
  server.on('gateway.createGuardrail', () => ({ status: 201, json: made }));
  server.on('gateway.updateGuardrail', () => ({ json: { ...made, action: 'flag' } }));
  server.on('gateway.deleteGuardrail', () => ({ json: { status: 'ok' } }));
  const { out } = await run(
    'guardrails create --name tickets --kind regex --pattern T=A-[0-9]{4} --pattern U=B=C --sees both --every-call --project web',
  );
  expect(out).toBe(id);
  expect(server.asked('gateway.createGuardrail')[0]).toMatchObject({
    body: {
      name: 'tickets',
      kind: 'regex',
      project: 'web',
      before: true,
      after: true,
      default_on: true,
      patterns: [
        { name: 'T', pattern: 'A-[0-9]{4}' },
        { name: 'U', pattern: 'B=C' },
      ],
    },
  });
  expect((await run(`guardrails update ${id} --action flag --no-every-call`)).out).toContain(
    'flag',
  );
  expect(server.asked('gateway.updateGuardrail')[0]?.body).toEqual({
    action: 'flag',
    default_on: false,
  });
  expect((await run(`guardrails delete ${id}`)).out).toBe('Deleted.');
});
