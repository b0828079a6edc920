import { chatErrorType } from '../errors.ts';
import { isObject, type JsonObject, textOf } from '../json.ts';

/** An error of Google's, for a client that speaks OpenAI; also as a stream's event. */
export function geminiErrorToChat(body: JsonObject, status: number): JsonObject {
  const error = isObject(body['error']) ? body['error'] : {};
  return {
    error: {
      message: textOf(error['message']) || 'The provider gave no reason.',
      type: chatErrorType(status),
      param: null,
      code: textOf(error['status']) || null,
    },
  };
}
