import { inspect } from 'node:util';

import { describe, expect, expectTypeOf, test } from 'vitest';

import { ConfigError } from './config-error.ts';
import { field } from './kinds.ts';
import { readConfig } from './read-config.ts';
import { Secret } from './secret.ts';

const fields = {
  PORT: field.integer({
    description: 'Where it listens',
    default: 8000,
    min: 1,
    max: 65_535,
    flag: 'port',
  }),
  DATABASE_URL: field.url({ description: 'PostgreSQL', schemes: ['postgres', 'postgresql'] }),
  REDIS_URL: field.url({ description: 'Redis', schemes: ['redis'], default: null }),
  JWT_SECRET: field.secret({
    description: 'Signs tokens',
    default: null,
    check: (text) => (text.length < 8 ? 'it is too short' : null),
  }),
  BODY_BYTES_MAX: field.integer({ description: 'Largest body', default: 8_388_608 }),
  LEASE_TTL: field.duration({ description: 'Life of a lease', default: 30_000, min: 1000 }),
  WORKER_MODELS: field.list({ description: 'Models', default: [] }),
  WORKER_LABELS: field.labels({ description: 'Labels', default: {} }),
  WORKER_MAX_CONCURRENT: field.integer({
    description: 'Slots',
    default: 4,
    flag: 'max-concurrent',
  }),
  LOG_LEVEL: field.oneOf(['debug', 'info'], { description: 'How much is logged', default: 'info' }),
  METRICS_PUBLIC: field.boolean({ description: 'Open metrics', default: false }),
  SAMPLE_RATIO: field.decimal({ description: 'Traces kept', default: 0.1, min: 0, max: 1 }),
  OLLAMA_HOST: field.url({
    description: 'Ollama',
    schemes: ['http', 'https'],
    defaultScheme: 'http',
    default: 'http://localhost:11434',
  }),
} as const;

const DATABASE_URL = 'postgresql://me:hunter2@db:5432/sagewai';

function mistakesOf(read: () => unknown): readonly string[] {
  try {
    read();
  } catch (error) {
    if (error instanceof ConfigError) return error.mistakes;
    throw error;
  }
  return [];
}

describe('readConfig', () => {
  test('fills defaults in, so that nothing is undefined', () => {
    expect(readConfig(fields, { environment: { DATABASE_URL } })).toEqual({
      port: 8000,
      databaseUrl: DATABASE_URL,
      redisUrl: null,
      jwtSecret: null,
      bodyBytesMax: 8_388_608,
      leaseTtlMs: 30_000,
      workerModels: [],
      workerLabels: {},
      workerMaxConcurrent: 4,
      logLevel: 'info',
      metricsPublic: false,
      sampleRatio: 0.1,
      ollamaHost: 'http://localhost:11434',
    });
  });

  test('types follow from the declaration', () => {
    const config = readConfig(fields, { environment: { DATABASE_URL } });
    expectTypeOf(config.port).toEqualTypeOf<number>();
    expectTypeOf(config.databaseUrl).toEqualTypeOf<string>();
    expectTypeOf(config.redisUrl).toEqualTypeOf<string | null>();
    expectTypeOf(config.jwtSecret).toEqualTypeOf<Secret | null>();
    expectTypeOf(config.leaseTtlMs).toEqualTypeOf<number>();
    expectTypeOf(config.workerModels).toEqualTypeOf<readonly string[] | never[]>();
    expectTypeOf(config.logLevel).toEqualTypeOf<'debug' | 'info'>();
    expectTypeOf(config.metricsPublic).toEqualTypeOf<boolean>();
  });

  test('reads every kind', () => {
    const config = readConfig(fields, {
      environment: {
        DATABASE_URL,
        PORT: ' 9000 ',
        REDIS_URL: 'redis://redis:6379',
        JWT_SECRET: 'long enough',
        LEASE_TTL: '1m30s',
        WORKER_MODELS: 'gpt-4o, ollama/llama3.1:70b,,gpt-4o',
        WORKER_LABELS: 'region=us-east-1, tier=a=b',
        LOG_LEVEL: 'debug',
        METRICS_PUBLIC: 'Yes',
        SAMPLE_RATIO: '.5',
        OLLAMA_HOST: 'host-ollama:11434',
      },
    });
    expect(config).toMatchObject({
      port: 9000,
      leaseTtlMs: 90_000,
      workerModels: ['gpt-4o', 'ollama/llama3.1:70b'],
      workerLabels: { region: 'us-east-1', tier: 'a=b' },
      logLevel: 'debug',
      metricsPublic: true,
      sampleRatio: 0.5,
      ollamaHost: 'http://host-ollama:11434',
    });
    expect(config.jwtSecret?.reveal()).toBe('long enough');
  });

  test('flags win over environment, environment over file, file over default', () => {
    const read = (flags: object, environment: object, file: object): number =>
      readConfig(fields, {
        flags: { ...flags },
        environment: { DATABASE_URL, ...environment },
        file: { ...file },
      }).port;
    expect(read({ port: 1 }, { PORT: '2' }, { PORT: 3 })).toBe(1);
    expect(read({}, { PORT: '2' }, { PORT: 3 })).toBe(2);
    expect(read({}, {}, { PORT: 3 })).toBe(3);
    expect(read({}, {}, {})).toBe(8000);
  });

  test('an empty text is absent: compose files pass unset variables on as such', () => {
    expect(
      readConfig(fields, { environment: { DATABASE_URL, PORT: '' }, file: { port: 81 } }).port,
    ).toBe(81);
  });

  test('flags are found in kebab and in camel case', () => {
    const read = (flags: Record<string, unknown>): number =>
      readConfig(fields, { flags, environment: { DATABASE_URL } }).workerMaxConcurrent;
    expect(read({ maxConcurrent: '7' })).toBe(7);
    expect(read({ 'max-concurrent': 8 })).toBe(8);
  });

  test('a file may hold lists and maps as such', () => {
    const file = { worker_models: ['a', 'b'], worker_labels: { tier: 'x' }, metrics_public: true };
    expect(readConfig(fields, { environment: { DATABASE_URL }, file })).toMatchObject({
      workerModels: ['a', 'b'],
      workerLabels: { tier: 'x' },
      metricsPublic: true,
    });
  });

  test('every mistake is reported at once, by the name that was used, without the values', () => {
    const environment = {
      DATABASE_URL: 'mysql://root:hunter2@db',
      JWT_SECRET: 'hunter2',
      BODY_BYTES_MAX: '8MB-hunter2',
      LEASE_TTL: '10ms',
      WORKER_LABELS: 'hunter2',
      LOG_LEVEL: 'hunter2',
      METRICS_PUBLIC: 'hunter2',
      SAMPLE_RATIO: '1.5',
      OLLAMA_HOST: 'ftp://hunter2',
    };
    const mistakes = mistakesOf(() =>
      readConfig(fields, {
        flags: { port: '70000' },
        environment,
        file: { REDIS_URL: { a: () => {} } },
      }),
    );
    expect(mistakes).toEqual([
      '--port: expected a whole number from 1 to 65535',
      'DATABASE_URL: expected a URL that starts with postgres:// or postgresql://',
      'REDIS_URL in the file: expected a URL that starts with redis://',
      'JWT_SECRET: it is too short',
      'BODY_BYTES_MAX: expected a whole number',
      'LEASE_TTL: expected a duration like 30s, 24h or 1d12h, at least 1s',
      'WORKER_LABELS: expected labels like region=us-east-1,tier=production, each key once',
      'LOG_LEVEL: expected one of debug, info',
      'METRICS_PUBLIC: expected true or false',
      'SAMPLE_RATIO: expected a number from 0 to 1',
      'OLLAMA_HOST: expected a URL that starts with http:// or https://',
    ]);
  });

  test('a missing field says what is expected', () => {
    expect(mistakesOf(() => readConfig(fields, {}))).toEqual([
      'DATABASE_URL: missing, expected a URL that starts with postgres:// or postgresql://',
    ]);
  });

  test.each(['1e3', '0x10', '1.0', 'NaN', '99999999999999999', '١'])(
    '%s is not a whole number',
    (PORT) => {
      expect(
        mistakesOf(() => readConfig(fields, { environment: { DATABASE_URL, PORT } })),
      ).toHaveLength(1);
    },
  );

  test.each(['postgres://', 'postgres:foo', 'post gres://a', 'postgres://a b', 'nonsense'])(
    '%s is not a URL of PostgreSQL',
    (url) => {
      expect(
        mistakesOf(() => readConfig(fields, { environment: { DATABASE_URL: url } })),
      ).toHaveLength(1);
    },
  );

  test('a URL of PostgreSQL may name a socket instead of a host', () => {
    const url = 'postgres:///sagewai?host=/run/postgresql';
    expect(readConfig(fields, { environment: { DATABASE_URL: url } }).databaseUrl).toBe(url);
  });
});

describe('Secret', () => {
  test('shows itself to nobody who does not ask', () => {
    const secret = new Secret('hunter2');
    const shown = [
      String(secret),
      JSON.stringify({ secret }),
      inspect({ secret }),
      inspect(secret, { showHidden: true }),
    ];
    expect(shown.join()).not.toContain('hunter2');
    expect(shown[0]).toBe('[secret]');
    expect(secret.reveal()).toBe('hunter2');
  });
});
