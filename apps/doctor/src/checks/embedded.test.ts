import type { EmbeddedPostgresState } from '@sagewai/embedded-postgres';
import { expect, test } from 'vitest';

import { judgeEmbedded } from './embedded.ts';

const state: EmbeddedPostgresState = {
  home: '/home/ada/.sagewai',
  mode: 'own-user',
  dataDir: '/home/ada/.sagewai/postgres/data',
  logFile: null,
  dataMajor: 18,
  binaries: { dir: '/usr', source: 'package', version: '18.4' },
  pid: null,
  url: null,
  owner: { kind: 'free' },
  dataBytes: 40 * 2 ** 20,
  freeBytes: 0,
  problem: null,
};

test('says version and size', () => {
  expect(judgeEmbedded(state)).toMatchObject([
    { level: 'ok', found: 'embedded PostgreSQL 18.4 (package), 40 MiB of data' },
  ]);
});

test('run by an `up` that lives: all is well', () => {
  const held = { ...state, pid: 7, owner: { kind: 'held', ownerPid: 6 } } as const;
  expect(judgeEmbedded(held)).toMatchObject([{ level: 'ok', found: expect.stringMatching(/ 6$/) }]);
});

test('run by nobody: who started it was killed, and there is a way to stop it', () => {
  const [finding] = judgeEmbedded({ ...state, pid: 7 });
  expect(finding).toMatchObject({ level: 'warning', mend: expect.stringContaining('kill -INT 7') });
});

test('files outside of the home are told', () => {
  expect(judgeEmbedded({ ...state, mode: 'nobody' })).toMatchObject([
    { level: 'ok' },
    { check: 'namespaces', level: 'warning' },
  ]);
});
