import { expect, test } from 'vitest';

import { checkSettings } from './settings.ts';

const DATABASE_URL = 'postgresql://localhost/sagewai';

test('each mistake is a finding of its own, and a slip of the pen too', async () => {
  const { findings, config } = await checkSettings(
    {},
    { DATABASE_URL, LOG_LEVEL: 'loud', PORT: '-1', SAGEWAI_HOEM: '/srv' },
  );
  expect(config).toBeNull();
  expect(findings.map(({ level, found }) => [level, found.split(/[: ]/)[0]])).toEqual([
    ['warning', 'SAGEWAI_HOEM'],
    ['failure', 'PORT'],
    ['failure', 'LOG_LEVEL'],
  ]);
});

test('a models file that is not there is one', async () => {
  const { findings } = await checkSettings({ config: '/nowhere.yaml' }, { DATABASE_URL });
  expect(findings).toMatchObject([
    { level: 'failure', found: expect.stringContaining('/nowhere.yaml') },
  ]);
});

test('providers are those that the server would call', async () => {
  const { findings, providers } = await checkSettings(
    {},
    { DATABASE_URL, OPENAI_API_KEY: 'sk-x', OLLAMA_HOST: '127.0.0.1:11434' },
  );
  expect(findings).toMatchObject([{ level: 'ok' }]);
  expect(providers.map(({ baseUrl }) => baseUrl)).toEqual([
    'https://api.openai.com/v1',
    'http://127.0.0.1:11434/v1',
  ]);
});

test('a setting may stand elsewhere, as for the server; one that cannot be read is named', async () => {
  const url = { OTHER: DATABASE_URL, DATABASE_URL: 'env:OTHER' };
  const { config } = await checkSettings({}, url);
  expect(config?.databaseUrl).toBe(DATABASE_URL);
  const { findings } = await checkSettings({}, { DATABASE_URL, JWT_SECRET: 'env:NOWHERE' });
  expect(findings).toMatchObject([
    { level: 'failure', found: expect.stringMatching(/^JWT_SECRET \(env\)/) },
  ]);
});
