import { Secret } from '@sagewai/config';
import { describe, expect, test } from 'vitest';

import { redactFields, redactText } from './redact.ts';
import { serializeError } from './serialize-error.ts';

const redact = (fields: Record<string, unknown>): Record<string, unknown> =>
  redactFields(fields, serializeError);

describe('redactFields', () => {
  test.each([
    'authorization',
    'Authorization',
    'proxy-authorization',
    'cookie',
    'set-cookie',
    'api_key',
    'apiKey',
    'APIKey',
    'OPENAI_API_KEY',
    'x-api-key',
    'token',
    'accessToken',
    'run_token',
    'secret',
    'X-Worker-Secret',
    'jwtSecret',
    'password',
    'db.password',
    'prompt',
    'system_prompt',
    'messages',
    'credential',
    'enrollment_key',
    'private_key',
  ])('hides what %s holds, at any depth', (name) => {
    for (const value of ['hunter2', ['hunter2'], { a: 'hunter2' }]) {
      const shown = JSON.stringify(redact({ [name]: value, list: [{ deep: { [name]: value } }] }));
      expect(shown).not.toMatch(/hunter2/);
      expect(shown).toContain('[secret]');
    }
  });

  test.each([
    ['prompt_tokens', 12],

    ['max_tokens', 4096],
    ['token_count', 3],
    ['messages', 4],
    ['secret', null],
    ['cookie', true],
    ['idempotency_key', 'a'],
    ['tokenizer', 'o200k'],
    ['message_id', 'm'],
    ['key_hint', 'sk-…x7Qa'],
  ])('shows %s: %s', (name, value) => {
    expect(redact({ [name]: value })).toEqual({ [name]: value });
  });

  test('a number is hidden too, unless it counts', () => {
    expect(redact({ password: 4242, messages: 3 })).toEqual({ password: '[secret]', messages: 3 });
  });

  test('a Secret hides itself', () => {
    expect(redact({ a: new Secret('hunter2'), b: [new Secret('hunter2')] })).toEqual({
      a: '[secret]',
      b: ['[secret]'],
    });
  });

  test('makes plain data of what JSON cannot hold', () => {
    const circle: Record<string, unknown> = { a: 1 };
    circle['self'] = circle;
    const shown = redact({
      circle,
      money: 12n,
      at: new Date(0),
      bytes: Buffer.from('hunter2'),
      map: new Map([['token', 'hunter2']]),
      set: new Set([1]),
      call: () => 1,
      twice: [circle['a'], circle['a']],
    });
    expect(shown).toEqual({
      circle: { a: 1, self: '[circular]' },
      money: '12',
      at: '1970-01-01T00:00:00.000Z',
      bytes: '[7 bytes]',
      map: { token: '[secret]' },
      set: [1],
      call: undefined,
      twice: [1, 1],
    });
  });

  test('depth, length and number are bounded', () => {
    let deep: unknown = 'x';
    for (let level = 0; level < 100; level += 1) deep = { deep };
    const shown = JSON.stringify(
      redact({ deep, long: 'x'.repeat(100_000), many: Array.from({ length: 10_000 }, () => 1) }),
    );
    expect(shown.length).toBeLessThan(10_000);
    expect(shown).toContain('[9900 more]');
    expect(shown.match(/"deep":/g)).toHaveLength(9);
  });
});

describe('redactText', () => {
  test.each([
    ['postgresql://me:hunter2@db:5432/x failed', 'postgresql://me:[secret]@db:5432/x failed'],
    ['sent Bearer hunter2-hunter2', 'sent [secret]'],
    ['key sk-fleet-abcdefghijklmnopqrstuvwxyz is spent', 'key [secret] is spent'],
    ['wrt-1.eyJhbGciOi.eyJzdWIi.c2ln', '[secret]'],
    ['sent authorization: bearer hunter2', 'sent authorization: [secret]'],
    ['id eyJhbGciOiJSUzI1NiJ9.e30.c2ln', 'id [secret]'],
    ['task-abcdefghijklmnop', 'task-abcdefghijklmnop'],
    ['sk-fleet-…x7Qa', 'sk-fleet-…x7Qa'],
    ['http://localhost:8000/a:b@c', 'http://localhost:8000/a:b@c'],
  ])('“%s” is shown as “%s”', (text, shown) => {
    expect(redactText(text)).toBe(shown);
  });
});

describe('errors', () => {
  test('say what drivers put into their properties to nobody', () => {
    const error = Object.assign(new Error('duplicate key'), {
      code: '23505',
      detail: 'Key (email)=(hunter2)',
      query: 'hunter2',
    });
    const shown = redact({ error });
    expect(JSON.stringify(shown)).not.toContain('hunter2');
    expect(shown['error']).toMatchObject({ code: '23505' });
  });

  test('hide secrets in messages, causes and stacks', () => {
    const error = new Error('outer', { cause: new Error('cannot reach postgres://me:hunter2@db') });
    expect(JSON.stringify(redact({ error }))).not.toContain('hunter2');
  });

  test('may contain each other', () => {
    const error = new Error('a');
    error.cause = error;
    expect(JSON.stringify(redact({ error }))).toContain('[deep]');
    const all = new AggregateError([new Error('one'), 'two'], 'all');
    expect(redact({ all })).toMatchObject({ all: { errors: [{ message: 'one' }, 'two'] } });
  });
});
