import { describe, expect, test } from 'vitest';

import { createLog, type LogOptions } from './create-log.ts';
import { silentLog } from './log.ts';

function record(options: Partial<LogOptions> = {}): {
  log: ReturnType<typeof createLog>;
  lines: string[];
} {
  const lines: string[] = [];
  const destination = { write: (line: string) => void lines.push(line) };
  return { log: createLog({ level: 'info', name: 'server', destination, ...options }), lines };
}

const parsed = (lines: readonly string[]): Record<string, unknown>[] =>
  lines.map((line) => JSON.parse(line) as Record<string, unknown>);

describe('createLog', () => {
  test('writes one line of JSON, with time, level, process, message and fields', () => {
    const { log, lines } = record();
    log.info('the server listens', { port: 8000 });
    expect(lines).toHaveLength(1);
    expect(lines[0]?.endsWith('\n')).toBe(true);
    expect(parsed(lines)[0]).toEqual({
      level: 'info',
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
      name: 'server',
      pid: process.pid,
      port: 8000,
      message: 'the server listens',
    });
  });

  test.each([
    ['debug', 4],
    ['info', 3],
    ['warn', 2],
    ['error', 1],
    ['silent', 0],
  ] as const)('at level %s writes %d of four', (level, count) => {
    const { log, lines } = record({ level });
    for (const each of ['debug', 'info', 'warn', 'error'] as const) log[each]('x');
    expect(lines).toHaveLength(count);
  });

  test('a child carries its fields, hidden where they must be', () => {
    const { log, lines } = record();
    log.child({ job: 'sweep', token: 'hunter2' }).child({ attempt: 2 }).warn('x', { a: 1 });
    expect(parsed(lines)[0]).toMatchObject({ job: 'sweep', token: '[secret]', attempt: 2, a: 1 });
  });

  test('hides secrets in fields and in the message', () => {
    const { log, lines } = record();
    log.error('refused sk-abcdefghijklmnop', { deep: [{ api_key: 'hunter2' }] });
    expect(lines.join()).not.toMatch(/hunter2|abcdefghijklmnop/);
  });

  test('an error is printed with its causes', () => {
    const { log, lines } = record();
    const cause = Object.assign(new Error('connection refused'), { code: 'ECONNREFUSED' });
    log.error('x', { error: new Error('cannot claim', { cause }) });
    expect(parsed(lines)[0]?.['error']).toMatchObject({
      name: 'Error',
      message: 'cannot claim',
      stack: expect.stringContaining('create-log.test.ts'),
      cause: { message: 'connection refused', code: 'ECONNREFUSED' },
    });
  });

  test('as text it is one line for a person', () => {
    const { log, lines } = record({ format: 'text' });
    log.warn('a job failed', {
      job: 'sweep',
      why: 'no reason',
      error: new Error('a', { cause: new Error('b') }),
    });
    expect(lines[0]?.slice(8)).toBe(
      ' WARN  server: a job failed  job=sweep  why="no reason"  error=Error: a ← Error: b\n',
    );
  });

  test('as text it stays one line, whatever its fields hold', () => {
    const { log, lines } = record({ format: 'text' });
    const error = new Error('a\nb\u001b[2J');
    log.warn('x', { path: '/a\nERROR', tag: 'q\u009b1m', error });
    expect(lines[0]?.slice(8)).toBe(
      ' WARN  server: x  path="/a\\nERROR"  tag=q\\u009b1m  error=Error: a\\u000ab\\u001b[2J\n',
    );
  });

  test('the silent log is silent', () => {
    expect(silentLog.child({ a: 1 })).toBe(silentLog);
    expect(silentLog.error('x')).toBeUndefined();
  });
});
