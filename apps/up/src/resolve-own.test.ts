import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { expect, onTestFinished, test } from 'vitest';

import { resolveOwn } from './resolve-own.ts';

test('what up uses itself may stand elsewhere; the rest is for the server', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'sagewai-up-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const file = join(folder, 'token');
  await writeFile(file, 'sat-from-a-file\n');
  const plain = { SAGEWAI_ADMIN_TOKEN: 'sat-x', OPENAI_API_KEY: 'file:/nowhere' };
  expect(await resolveOwn(plain)).toBe(plain);
  const resolved = await resolveOwn({ ...plain, SAGEWAI_ADMIN_TOKEN: `file:${file}` });
  expect(resolved).toEqual({ SAGEWAI_ADMIN_TOKEN: 'sat-from-a-file' });
  await expect(resolveOwn({ SAGEWAI_ADMIN_TOKEN: 'file:/nowhere' })).rejects.toThrow(
    'SAGEWAI_ADMIN_TOKEN',
  );
});
