import { expect, test } from 'vitest';

import { chatErrorToMessages, messagesErrorToChat } from './errors.ts';

test.each([
  [400, 'invalid_request_error'],
  [401, 'authentication_error'],
  [404, 'not_found_error'],
  [429, 'rate_limit_error'],
  [500, 'api_error'],
  [503, 'api_error'],
  [529, 'overloaded_error'],
])('an error with %i is %s to a client of Anthropic’s', (status, type) => {
  expect(chatErrorToMessages({ error: { message: 'no' } }, status)).toEqual({
    type: 'error',
    error: { type, message: 'no' },
  });
});

test('an error of Anthropic’s keeps its type as the code', () => {
  const body = { type: 'error', error: { type: 'overloaded_error', message: 'busy' } };
  expect(messagesErrorToChat(body, 529)).toEqual({
    error: { message: 'busy', type: 'server_error', param: null, code: 'overloaded_error' },
  });
});

test.each([[{}], [{ error: 7 }], [{ error: {} }]])('%j has a message all the same', (body) => {
  expect(chatErrorToMessages(body, 500)).toMatchObject({
    error: { message: 'The provider gave no reason.' },
  });
});
