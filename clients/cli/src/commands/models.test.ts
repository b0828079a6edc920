import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { describe, expect, test } from 'vitest';

import { shell } from '../shell-fixture.ts';

const tiers = {
  project_id: '0199aaaa-0000-7000-8000-000000000001',
  simple: { model: 'gpt-4o-mini', pool: null },
  medium: null,
  complex: { model: 'claude-3@2024', pool: 'gpu' },
};

test('models tiers sets all tiers of a project at once, and shows them', async () => {
  const { run, server } = await shell();
  server.on('gateway.setModelTiers', () => ({ json: tiers }));
  server.on('gateway.getModelTiers', () => ({ json: tiers }));
  const set = await run(
    'models tiers set research --simple gpt-4o-mini --complex claude-3@2024 --complex-pool gpu',
  );
  expect(set.out).toMatch(/simple +gpt-4o-mini +-\nmedium +- +-\ncomplex +claude-3@2024 +gpu/);
  expect(server.asked('gateway.setModelTiers')[0]).toMatchObject({
    params: { project: 'research' },
    body: { simple: tiers.simple, complex: tiers.complex },
  });
  expect(JSON.parse((await run('models tiers get research --json')).out)).toEqual(tiers);
  const wrong = await run('models tiers set research --medium-pool gpu');
  expect(wrong).toMatchObject({ code: 2, err: 'error: --medium-pool: say --medium too' });
});

describe('models classify', () => {
  const answer = {
    tier: 'simple',
    score: 5,
    confidence: 0.917,
    reason: 'Score 5 → simple',
    signals: {
      total_tokens: 0,
      message_count: 1,
      system_tokens: 0,
      last_user_chars: 2,
      code_blocks: 0,
      tool_count: 0,
      complex_keywords: 0,
      simple_keywords: 0,
    },
    model: 'gpt-4o-mini',
    pool: null,
    policy: null,
  };

  test('asks about a message, or about a request in a file', async () => {
    const { run, server, home } = await shell();
    server.on('gateway.testClassify', () => ({ json: answer }));
    const said = await run(['models', 'classify', 'Hi there']);
    expect(said.out).toBe('Score 5 → simple, confidence 92 %: gets gpt-4o-mini');
    const file = join(home, 'request.json');
    const request = { model: 'auto', messages: [{ role: 'user', content: 'x' }], tools: [{}] };
    await writeFile(file, JSON.stringify(request));
    expect((await run(['models', 'classify', '--file', file, '--json'])).code).toBe(0);
    expect(server.asked('gateway.testClassify').map(({ body }) => body)).toEqual([
      { messages: [{ role: 'user', content: 'Hi there' }] },
      { messages: request.messages, tools: [{}] },
    ]);
    await writeFile(file, '{"messages": 7}');
    for (const line of [`--file ${file}`, '', `hello --file ${file}`, '--file /nowhere']) {
      expect((await run(`models classify ${line}`.trim())).code).toBe(2);
    }
  });
});
