import { expect, test } from 'vitest';

import { shell } from '../shell-fixture.ts';
import { KEY } from './shown-key-fixture.ts';

const ROTATED = { ...KEY, key: 'sk-new', key_rotation_at: '2026-12-28T00:00:00Z' };
const ID = '01990000-0000-7000-8000-000000000001';

test('a key rotates by itself, or now, and its new value is collected once', async () => {
  const { run, server } = await shell();
  server.on('litellm.updateKey', () => ({ json: ROTATED }));
  server.on('litellm.regenerateKey', () => ({
    json: { ...ROTATED, former_value_until: '2026-11-29T00:00:00Z' },
  }));
  server.on('litellm.collectKey', () => ({ json: ROTATED }));
  expect((await run(`key rotate ${ID} --every 30d`)).out).toBe('Rotates at 2026-12-28T00:00:00Z.');
  expect(server.asked('litellm.updateKey')[0]).toMatchObject({
    body: { key: ID, auto_rotate: true, rotation_interval: '30d' },
  });
  const now = await run(`key rotate ${ID} --grace 24h`);
  expect([now.out, now.err]).toEqual(['sk-new', expect.stringContaining('good until 2026-11-29')]);
  expect(server.asked('litellm.regenerateKey')[0]).toMatchObject({ body: { grace_period: '24h' } });
  const told = await run(`key collect ${ID}`);
  expect([told.out, told.err]).toEqual([
    'sk-new',
    expect.stringContaining('The former value is dead'),
  ]);
  expect(JSON.parse((await run(`key collect ${ID} --json`)).out)).toEqual(ROTATED);
  expect((await run(`key rotate ${ID} --every 30d --grace 1h`)).err).toContain('--grace is for');
  expect((await run(`key rotate ${ID} --every 30d --never`)).err).toContain('not both');
});
