import { expect, test } from 'vitest';

import { shell } from '../shell-fixture.ts';

const ID = '0199aaaa-0000-7000-8000-000000000001';

test('gateway bodies says for how long it is kept, and shows what was', async () => {
  const { run, server } = await shell();
  const keeping = { project_id: ID, keep_days: 7, kept: 3 };
  server.on('gateway.setBodyKeeping', () => ({ json: keeping }));
  server.on('gateway.getBodyKeeping', () => ({ json: { ...keeping, keep_days: null } }));
  expect((await run('gateway bodies set research --days 7')).out).toBe(
    'kept for 7 days; of 3 calls there is something',
  );
  await run('gateway bodies set research --none --drop-kept');
  expect(server.asked('gateway.setBodyKeeping')).toMatchObject([
    { body: { keep_days: 7, drop_kept: false } },
    { body: { keep_days: null, drop_kept: true } },
  ]);
  expect((await run('gateway bodies get research')).out).toContain('nothing is kept');
  for (const wrong of ['', ' --days 7 --none']) {
    expect((await run(`gateway bodies set research${wrong}`)).err).toContain('--days N, or --none');
  }
  const body = {
    call_id: ID,
    project_id: ID,
    at: '2026-11-28T00:00:00.000Z',
    drop_at: '2026-12-05T00:00:00.000Z',
    request: { text: '{"model":"m"}', bytes: 13 },
    answer: { text: null, bytes: 9 },
    is_cut: true,
  };
  server.on('gateway.readCallBody', () => ({ json: body }));
  const { out } = await run(`gateway bodies read ${ID}`);
  expect(out.split('\n')).toEqual([
    '{"model":"m"}',
    '',
    '(9 bytes that are no text are not kept)',
    '',
    '(of 13 and 9 bytes only the first)',
    'kept until 2026-12-05T00:00:00.000Z',
  ]);
  expect(JSON.parse((await run(`gateway bodies read ${ID} --json`)).out)).toEqual(body);
});
