import { expect, test } from 'vitest';

import { shell } from '../shell-fixture.ts';

const id = '0199aaaa-0000-7000-8000-000000000001';
const policy = {
  id,
  name: 'thrifty',
  project_id: null,
  team_id: 't',
  user_id: null,
  priority: 0,
  specificity: 3,
  enabled: true,
  force_model: null,
  max_tier: 'medium',
  tier_overrides: { simple: null, medium: { model: 'm', pool: null }, complex: null },
  blocked_models: ['x'],
  allow_force_model: false,
  created_by: 'test',
  created_at: '2026-11-28T00:00:00.000Z',
};

test('policies are made, listed, changed and deleted', async () => {
  const { run, server } = await shell();
  server.on('gateway.createHarnessPolicy', () => ({ status: 201, json: policy }));
  server.on('gateway.listHarnessPolicies', () => ({ json: { policies: [policy] } }));
  server.on('gateway.updateHarnessPolicy', () => ({ json: { ...policy, enabled: false } }));
  server.on('gateway.deleteHarnessPolicy', () => ({ json: { status: 'ok' } }));
  const { out } = await run(
    'models policies create --name thrifty --team t --max-tier medium --medium m --block x,y --no-may-force',
  );
  expect(out).toBe(id);
  expect(server.asked('gateway.createHarnessPolicy')[0]?.body).toEqual({
    name: 'thrifty',
    team_id: 't',
    max_tier: 'medium',
    tier_overrides: { medium: { model: 'm' } },
    blocked_models: ['x', 'y'],
    allow_force_model: false,
  });
  const listed = (await run('models policies list')).out;
  expect(listed).toContain('team t');
  expect(listed).toContain('at most medium; medium: m; never x; no other by header');
  expect((await run(`models policies update ${id} --no-enable`)).out).toContain('thrifty (off)');
  expect(server.asked('gateway.updateHarnessPolicy')[0]?.body).toEqual({ enabled: false });
  expect((await run(`models policies delete ${id}`)).out).toBe('Deleted.');
});
