import { expect, test } from 'vitest';

import { nameRefusal } from './name-refusal.ts';

const said = (error: unknown): Buffer => Buffer.from(JSON.stringify({ error }));

test.for([
  [{ code: 'context_length_exceeded' }, 'context'],
  [{ type: 'context_length_exceeded' }, 'context'],
  [{ message: 'prompt is too long: 210000 tokens > 200000 maximum' }, 'context'],
  [{ message: 'The input token count exceeds the maximum number of tokens allowed' }, 'context'],
  ['this request exceeds the available context size', 'context'],
  [{ code: 'content_policy_violation' }, 'contentPolicy'],
  [{ message: 'blocked by our content filter' }, 'contentPolicy'],
  [{ code: 'content_filter', message: 'maximum context length' }, 'contentPolicy'],
  [{ message: 'max_tokens is too large' }, null],
  [{ code: 7, message: null }, null],
  [null, null],
] as const)('%j is %s', ([error, kind]) => {
  expect(nameRefusal(400, said(error))).toBe(kind);
});

test('only a refusal of the request is looked at, and only if it can be read', () => {
  expect(nameRefusal(404, said({ code: 'context_length_exceeded' }))).toBeNull();
  expect(nameRefusal(413, said({ code: 'context_length_exceeded' }))).toBe('context');
  expect(nameRefusal(400, Buffer.from('<html>'))).toBeNull();
  expect(nameRefusal(400, Buffer.from('{"error":{"code":"content_filter"'))).toBeNull();
});
