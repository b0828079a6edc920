import { ConfigError, explain, explanationText, readConfig } from '@sagewai/config';
import { describe, expect, test } from 'vitest';

import { SERVER_FIELDS } from './config.ts';

const DATABASE_URL = 'postgresql://sagewai:hunter2@db/sagewai';
const read = (environment: Record<string, string>) => readConfig(SERVER_FIELDS, { environment });

function mistakesOf(environment: Record<string, string>): readonly string[] {
  try {
    read(environment);
  } catch (error) {
    if (error instanceof ConfigError) return error.mistakes;
    throw error;
  }
  return [];
}

test('needs a database and nothing else', () => {
  expect(mistakesOf({})).toEqual([expect.stringMatching(/^DATABASE_URL: missing/)]);
  expect(read({ DATABASE_URL })).toMatchObject({ host: '127.0.0.1', port: 8000, jwtSecret: null });
});

test('tells every mistake at once, and prints no value', () => {
  const given = {
    DATABASE_URL: 'mysql://root:hunter2@db/x',
    PORT: '99999',
    PLANES: 'gatewy',
    JWT_SECRET: 'letmein-7',
    SAGEWAI_ENCRYPTION_KEY: 'not-a-key-7',
    SAGEWAI_ADMIN_TOKEN: 'admin-7',
    LOG_LEVEL: 'loud',
    WORKER_SILENCE: 'soonish',
  };
  const mistakes = mistakesOf(given);
  expect(mistakes.map((mistake) => mistake.split(':')[0]).toSorted()).toEqual(
    Object.keys(given).toSorted(),
  );
  for (const value of Object.values(given)) expect(mistakes.join('\n')).not.toContain(value);
});

describe('refuses, with the reason,', () => {
  const published = {
    JWT_SECRET: 'change-me-in-production',
    SAGEWAI_ENCRYPTION_KEY: 'cw_0x689RpI-jtRR7oE8h_eQsKImvJapLeSbXpwF4e4=',
  };
  test.each(Object.entries(published))('a %s that everybody knows', (name, value) => {
    expect(mistakesOf({ DATABASE_URL, [name]: value })).toEqual([
      expect.stringMatching(new RegExp(`^${name}: .*(public|random)`)),
    ]);
  });

  test('an administrator’s token that is short, or a credential of another kind', () => {
    for (const token of ['sat-short', `sk-${'x1'.repeat(30)}`]) {
      expect(mistakesOf({ DATABASE_URL, SAGEWAI_ADMIN_TOKEN: token })).toHaveLength(1);
    }
  });
});

test('explains itself without secrets', () => {
  const environment = {
    DATABASE_URL,
    JWT_SECRET: 'a'.repeat(7),
    OPENAI_API_KEY: 'sk-confidential',
  };
  const text = explanationText(explain(SERVER_FIELDS, { environment }), false);
  expect(text).toContain('DATABASE_URL=postgresql://sagewai:[secret]@db/sagewai  (environment)');
  expect(text).not.toMatch(/hunter2|aaaaaaa|confidential/);
});
