import { isObject, type JsonObject, textOf } from './json.ts';

/** Anthropic's types of error, by the status that they come with. */
const MESSAGES_TYPES: Readonly<Record<number, string>> = {
  400: 'invalid_request_error',
  401: 'authentication_error',
  402: 'billing_error',
  403: 'permission_error',
  404: 'not_found_error',
  408: 'timeout_error',
  413: 'request_too_large',
  422: 'invalid_request_error',
  429: 'rate_limit_error',
  504: 'timeout_error',
  529: 'overloaded_error',
};

const CHAT_TYPES: Readonly<Record<number, string>> = {
  400: 'invalid_request_error',
  401: 'authentication_error',
  402: 'insufficient_quota',
  403: 'permission_error',
  404: 'not_found_error',
  413: 'invalid_request_error',
  422: 'invalid_request_error',
  429: 'rate_limit_error',
};

export const messagesErrorType = (status: number): string =>
  MESSAGES_TYPES[status] ?? (status >= 500 ? 'api_error' : 'invalid_request_error');

export const chatErrorType = (status: number): string =>
  CHAT_TYPES[status] ?? (status >= 500 ? 'server_error' : 'invalid_request_error');

/** An error of an OpenAI-compatible provider, for a client that speaks Anthropic; also as a stream's event. */
export function chatErrorToMessages(body: JsonObject, status: number): JsonObject {
  return { type: 'error', error: { type: messagesErrorType(status), message: messageOf(body) } };
}

export function messagesErrorToChat(body: JsonObject, status: number): JsonObject {
  const error = isObject(body['error']) ? body['error'] : {};
  return {
    error: {
      message: messageOf(body),
      type: chatErrorType(status),
      param: null,
      code: textOf(error['type']) || null,
    },
  };
}

function messageOf(body: JsonObject): string {
  const { error } = body;
  const message = isObject(error) ? textOf(error['message']) : textOf(error);
  return (
    message || textOf(body['message']) || textOf(body['detail']) || 'The provider gave no reason.'
  );
}
