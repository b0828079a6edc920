import { expect, test } from 'vitest';

import { shell } from '../shell-fixture.ts';

const CALL = '0199aaaa-0000-7000-8000-000000000001';

const candidate = {
  deployment: 'eu',
  provider: 'openai',
  upstream_model: 'gpt-4o',
  weight: 2,
  order: 0,
  cools_for_ms: 0,
  is_full: false,
  in_flight: 1,
  latency_ms: 210,
  tokens_this_minute: 0,
  passed_because: null,
};

test('gateway explain says which deployment would be called, and why not the others', async () => {
  const { run, server } = await shell();
  const answer = {
    requested_model: 'best',
    model: 'gpt-4o',
    strategy: 'least-busy',
    chosen: 'eu',
    candidates: [
      candidate,
      { ...candidate, deployment: 'us', cools_for_ms: 400, passed_because: 'cooling' },
      { ...candidate, deployment: 'asia', is_full: true, passed_because: 'full' },
      { ...candidate, deployment: 'late', passed_because: 'score' },
    ],
    fallbacks: { generic: ['b', 'c'], context_window: [], content_policy: [], budget: ['free'] },
  };
  server.on('gateway.explainRoute', () => ({ json: answer }));
  const { out } = await run('gateway explain best');
  expect(out).toContain('gpt-4o: least-busy');
  expect(out).toMatch(/eu +openai +gpt-4o +2 +0 +1 +210 +would be called/);
  expect(out).toMatch(/us .*cools for 400 ms/);
  expect(out).toMatch(/asia .*has had its rpm or tpm/);
  expect(out).toMatch(/late .*well, passed over: score/);
  expect(out).toContain('fallbacks (generic): b, c\nfallbacks (budget): free');
  expect(server.asked('gateway.explainRoute')[0]).toMatchObject({ query: { model: 'best' } });
  expect(JSON.parse((await run('gateway explain best --json')).out)).toEqual(answer);
});

test('gateway cache says what is kept', async () => {
  const { run, server } = await shell();
  const answer = {
    when: 'named',
    ttl_seconds: 600,
    bytes: 2_048,
    bytes_max: 67_108_864,
    entries: 3,
    deployments: [
      { id: 'eu', is_kept: true },
      { id: 'us', is_kept: false },
    ],
  };
  server.on('gateway.getAnswerCache', () => ({ json: answer }));
  expect((await run('gateway cache')).out).toBe(
    'answers are kept where a key or a model says so, for 600 s\n' +
      '3 kept: 2048 of 67108864 bytes\neu: kept\nus: never',
  );
  expect(JSON.parse((await run('gateway cache --json')).out)).toEqual(answer);
});

const decision = {
  id: CALL,
  project_id: CALL,
  key_id: null,
  run_id: null,
  at: '2026-11-28T00:00:00.000Z',
  requested_model: 'gpt-4o',
  model: 'claude',
  deployment: 'eu',
  provider: 'anthropic',
  profile: 'claude-sonnet-4-5@00ff00ff00ff00ff',
  trace_id: 'a'.repeat(32),
  rules: ['fallback:generic:claude', 'retry'],
  data_classification: 'confidential',
  complexity: { tier: 'simple', score: 5, confidence: 0.9, reason: 'Score 5 → simple' },
  strategy: 'least-busy',
  score: 0,
  fallback_index: 1,
  candidates_refused: [{ model: 'x', deployment: null, because: 'model.forbidden' }],
  attempts: [{ deployment: 'us', because: 'lost', call_id: CALL }],
};

test('gateway decisions lists what is asked for, and how to go on', async () => {
  const { run, server } = await shell();
  server.on('ledger.listRoutingDecisions', () => ({
    json: { decisions: [decision], next_cursor: CALL },
  }));
  const { out } = await run('gateway decisions --model claude --fell-back --limit 1');
  expect(out).toMatch(/gpt-4o +claude +eu +1 +1 +fallback:generic:claude, retry/);
  expect(out).toContain(`more: --cursor ${CALL}`);
  expect(server.asked('ledger.listRoutingDecisions')[0]).toMatchObject({
    query: { model: 'claude', fell_back: 'true', limit: '1' },
  });
});

test('gateway decision tells how one call found its way', async () => {
  const { run, server } = await shell();
  server.on('ledger.getRoutingDecision', () => ({ json: decision }));
  const { out } = await run(`gateway decision ${CALL}`);
  expect(out.split('\n')).toEqual([
    'gpt-4o → claude at eu (anthropic)',
    'profile: claude-sonnet-4-5@00ff00ff00ff00ff',
    'by fallback:generic:claude, retry',
    'data: confidential',
    'complexity: Score 5 → simple',
    'strategy: least-busy, score 0',
    'passed over: x (model.forbidden)',
    `failed: us (lost), booked as ${CALL}`,
    `trace: ${'a'.repeat(32)}`,
  ]);
});
