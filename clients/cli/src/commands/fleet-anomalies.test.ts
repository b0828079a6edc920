import { expect, test } from 'vitest';

import { shell } from '../shell-fixture.ts';

const ID = '0199aaaa-0000-7000-8000-000000000001';
const thresholds = {
  claims_per_minute: 60,
  failures_per_hour: 10,
  silence_seconds: 300,
  mismatches_per_hour: 3,
  window_seconds: 3600,
  kinds_to_revoke: 2,
};

test('fleet anomalies list and reset', async () => {
  const { run, server } = await shell();
  const anomaly = {
    id: ID,
    worker_id: ID,
    kind: 'rate_limit',
    pool: 'gpu',
    observed: 90,
    allowed: 60,
    raised_at: '2026-01-01T00:00:00Z',
    revoked: false,
    cleared_at: null,
    cleared_by: null,
  };
  server.on('fleet.listAnomalies', () => ({ json: { anomalies: [anomaly] } }));
  server.on('fleet.resetWorker', () => ({ json: { worker_id: ID, cleared: 1 } }));
  const { out } = await run('fleet anomalies list --open');
  expect(out).toContain('90 > 60');
  expect(server.asked('fleet.listAnomalies')[0]?.query).toMatchObject({ open: 'true' });
  expect((await run(`fleet anomalies reset ${ID}`)).out).toBe('Cleared 1 anomalies.');
});

test('fleet anomalies settings changes only what is named, and `default` takes it back', async () => {
  const { run, server } = await shell();
  const own = { ...thresholds, pool: 'gpu', kinds_to_revoke: null };
  server.on('fleet.setAnomalySettings', () => ({ json: own }));
  server.on('fleet.getAnomalySettings', () => ({
    json: { defaults: thresholds, settings: [own] },
  }));
  const line =
    'fleet anomalies settings --pool gpu --failures-per-hour 5 --kinds-to-revoke default';
  const { code, out } = await run(line);
  expect(code).toBe(0);
  expect(out).toContain('pool gpu');
  expect(server.asked('fleet.setAnomalySettings')[0]?.body).toEqual({
    pool: 'gpu',
    failures_per_hour: 5,
    kinds_to_revoke: null,
  });
  await run('fleet anomalies settings --json');
  expect(server.asked('fleet.setAnomalySettings')).toHaveLength(1);
});
