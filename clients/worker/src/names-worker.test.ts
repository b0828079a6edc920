import { expect, test } from 'vitest';

import { namesWorker, workerNamedBy } from './names-worker.ts';

const token = (claims: unknown): string =>
  `wrt-1.head.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.signature`;

test.each([
  ['a subject', token({ sub: 'w', jti: 'j' }), true, 'w'],
  ['no subject, but a record', token({ jti: 'j' }), false, null],
  // Whatever it is, the server says what is wrong with it; no use of anything is taken.
  ['neither', token({}), true, null],
  ['no claims at all', 'wrt-1.issued', true, null],
  ['a list', token([1]), true, null],
  ['null', token(null), true, null],
])('a token with %s', (_, shown, isOnes, worker) => {
  expect(namesWorker(shown)).toBe(isOnes);
  expect(workerNamedBy(shown)).toBe(worker);
});
