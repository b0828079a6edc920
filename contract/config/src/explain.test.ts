import { expect, test } from 'vitest';

import { explain } from './explain.ts';
import { field } from './kinds.ts';
import { Secret } from './secret.ts';

const fields = {
  PORT: field.integer({ description: 'Where it listens', default: 8000, flag: 'port' }),
  DATABASE_URL: field.url({ description: 'PostgreSQL', schemes: ['postgresql'] }),
  JWT_SECRET: field.secret({ description: 'Signs tokens', default: new Secret('made-up-default') }),
  LEASE_TTL: field.duration({ description: 'Life of a lease', default: 90_000 }),
  REDIS_URL: field.url({ description: 'Redis', schemes: ['redis'], default: null }),
};

test('tells the value, its source and its default', () => {
  const rows = explain(fields, { flags: { port: 81 }, file: { LEASE_TTL: '1h' } });
  expect(
    rows.map(({ name, value, source, default: fallback }) => [name, value, source, fallback]),
  ).toEqual([
    ['PORT', '81', 'flag', '8000'],
    ['DATABASE_URL', null, 'none', null],
    ['JWT_SECRET', '[secret]', 'default', '[secret]'],
    ['LEASE_TTL', '1h', 'file', '1m30s'],
    ['REDIS_URL', null, 'default', null],
  ]);
  expect(rows[0]?.description).toBe('Where it listens');
  expect(rows[1]?.mistake).toBe(
    'DATABASE_URL: missing, expected a URL that starts with postgresql://',
  );
});

test('hides secrets, also those inside of URLs, also when a field is wrong', () => {
  const rows = explain(fields, {
    environment: {
      JWT_SECRET: 'hunter2',
      DATABASE_URL: 'postgresql://me:hunter2@db/x?sslpassword=hunter2&a=b',
      REDIS_URL: 'http://:hunter2@redis',
      PORT: 'hunter2',
    },
  });
  expect(JSON.stringify(rows)).not.toContain('hunter2');
  expect(rows[1]?.value).toBe('postgresql://me:[secret]@db/x?sslpassword=[secret]&a=b');
});

test('a password with an @ or a : in it is hidden whole', () => {
  const [row] = explain(
    { DATABASE_URL: fields.DATABASE_URL },
    { environment: { DATABASE_URL: 'postgresql://me:hun@ter:2@db/x' } },
  );
  expect(row?.value).toBe('postgresql://me:[secret]@db/x');
});
