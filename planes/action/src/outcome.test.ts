import { Fault } from '@sagewai/fault';
import { expect, test } from 'vitest';

import { containSecret, cutSecret } from './contain-secret.ts';
import { judgeAnswer } from './http/judge-answer.ts';
import { judgeFailure } from './judge-failure.ts';
import { mayRetry, type Outcome, settled } from './outcome.ts';

const answer = (status: number, body = '', contentType = 'application/json') =>
  judgeAnswer({ status, contentType, retryAfter: '2', body: Buffer.from(body) });

test('an answer means what its status and its body say', () => {
  expect(answer(204)).toEqual({ kind: 'completed', result: 'null' });
  expect(answer(200, '{"a": 1}')).toEqual({ kind: 'completed', result: '{"a":1}' });
  expect(answer(200, 'plain', 'text/plain')).toEqual({ kind: 'completed', result: '"plain"' });
  expect(answer(200, '{')).toMatchObject({ kind: 'failed', error: 'garbage' });
  expect(answer(302)).toMatchObject({ kind: 'failed', error: 'refused' });
  expect(answer(404, 'x'.repeat(9_999))).toMatchObject({ error: 'refused' });
  expect(answer(429)).toMatchObject({ error: 'busy', retryAfterMs: 2_000 });
  expect(answer(500)).toMatchObject({ error: 'broken' });
});

test('what ended without an answer is unknown, but what never arrived', () => {
  const of = (code: string) => judgeFailure(Object.assign(new Error('x'), { code }));
  expect(of('ECONNREFUSED')).toMatchObject({ kind: 'failed', error: 'unreachable' });
  expect(of('UND_ERR_SOCKET')).toMatchObject({ kind: 'unknown', error: 'cut' });
  expect(judgeFailure(new DOMException('x', 'TimeoutError'))).toMatchObject({ error: 'late' });
  const unsent = judgeFailure(new DOMException('x', 'TimeoutError'), false);
  expect(unsent).toMatchObject({ kind: 'failed', error: 'unreachable' });
  expect(judgeFailure(new Fault('egress.refused', 'x'))).toMatchObject({ error: 'refused' });
});

test('only what may be repeated, or did not happen, is tried again (A3)', () => {
  const failed = (error: 'busy' | 'unreachable' | 'broken' | 'refused'): Outcome => ({
    kind: 'failed',
    error,
    message: '',
  });
  const late: Outcome = { kind: 'unknown', error: 'late', message: '' };
  expect([mayRetry(failed('busy'), false), mayRetry(failed('unreachable'), false)]).toEqual([
    true,
    true,
  ]);
  expect([mayRetry(failed('broken'), false), mayRetry(failed('broken'), true)]).toEqual([
    false,
    true,
  ]);
  expect(mayRetry(failed('refused'), true)).toBe(false);
  expect([mayRetry(late, false), mayRetry(late, true)]).toEqual([false, true]);
  expect([settled(late, false).kind, settled(late, true).kind]).toEqual(['unknown', 'failed']);
});

test('a secret is found as servers write it (A7)', () => {
  const secret = 'p@ss "word"/1';
  const forms = [
    secret,
    JSON.stringify({ secret }),
    encodeURIComponent(secret),
    Buffer.from(secret).toString('base64'),
    Buffer.from(secret).toString('hex'),
  ];
  for (const form of forms) expect(containSecret(`<${form}>`, secret)).toContain('[secret]');
  expect(containSecret('nothing', null)).toBe('nothing');
  expect(containSecret('abc', 'b')).toBe('abc');
});

test('no beginning of a secret is left where a text was cut off (A7)', () => {
  const secret = 'sk-0123456789abcdef';
  const said = `bad token ${secret}`;
  for (let cut = 'bad token sk-'.length; cut < said.length; cut += 1) {
    expect(cutSecret(said.slice(0, cut), secret)).toBe('bad token [secret]');
  }
  expect(cutSecret('bad task', secret)).toBe('bad task');
  expect(cutSecret('', secret)).toBe('');
});
