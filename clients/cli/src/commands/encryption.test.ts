import { expect, test } from 'vitest';

import { shell } from '../shell-fixture.ts';

const [OLD, NEW] = ['a'.repeat(32), 'b'.repeat(32)];
const AT = '2026-01-01T00:00:00Z';

const status = (remaining: number, state: 'replaced' | 'unneeded') => ({
  present: NEW,
  settled: state === 'unneeded',
  keys: [
    { fingerprint: NEW, state: 'present', first_used_at: AT, replaced_at: null, remaining: 9 },
    { fingerprint: OLD, state, first_used_at: AT, replaced_at: AT, remaining },
  ].map((key) => ({ ...key, broken: 0, counted_at: null, emptied_at: null })),
  servers: [
    {
      id: '0199aaaa-0000-7000-8000-000000000001',
      host: 'one',
      seals_with: NEW,
      opens: [NEW, OLD],
      started_at: AT,
      seen_at: AT,
    },
  ],
  columns: [{ table: 'stored_model', column: 'sealed', present: 9, former: remaining, unknown: 0 }],
});

test('encryption status says whether a former key is needed, and where rows stand under it', async () => {
  const { run, server } = await shell();
  let answer = status(4, 'replaced');
  server.on('server.getEncryptionKeys', () => ({ json: answer }));
  const { out } = await run('encryption status');
  expect(out).toMatch(/every server still needs it/);
  expect(out).toMatch(/stored_model\.sealed +4/);
  expect(JSON.parse((await run('encryption status --json')).out)).toEqual(answer);
  answer = status(0, 'replaced');
  expect((await run('encryption status')).out).toContain('A second count');
  answer = status(0, 'unneeded');
  expect((await run('encryption status')).out).toContain('take them out');
});

test('encryption rotate asks until everything has been gone over', async () => {
  const { run, server } = await shell();
  const rounds = [
    { ...status(4, 'replaced'), moved: 100, whole: false },
    { ...status(0, 'replaced'), moved: 4, whole: true },
  ];
  server.on('server.resealRows', () => ({ json: rounds.shift() ?? {} }));
  const { out } = await run('encryption rotate');
  expect(out).toContain('104 rows moved.');
  expect(server.asked('server.resealRows')).toHaveLength(2);
});
