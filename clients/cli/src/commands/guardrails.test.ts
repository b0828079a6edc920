import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { expect, test } from 'vitest';

import { shell } from '../shell-fixture.ts';

const guardrail = {
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
