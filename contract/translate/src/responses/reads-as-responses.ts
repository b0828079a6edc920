/** Bodies that come to `/v1/chat/completions` from agents that mix the two formats, Cursor's among them. */
import { isObject, type JsonObject, objectsOf } from '../json.ts';
import { Losses, type Translation } from '../translation.ts';
import { choiceAndTools, type CustomTools } from './tools.ts';

/** Whether it is a request of Responses. One with both lists is what it came as: a chat. */
export function readsAsResponses(body: JsonObject): boolean {
  const { input, messages } = body;
  const hasInput = typeof input === 'string' || Array.isArray(input);
  return hasInput && (messages === undefined || messages === null);
}

/** Whether tools of a chat are written as those of Responses. */
export const hasFlatTools = (body: JsonObject): boolean =>
  objectsOf(body['tools']).some(
    ({ type, name, ...tool }) =>
      (type === 'function' || type === 'custom') &&
      typeof name === 'string' &&
      !isObject(tool[type]),
  );

/** A chat with all of its tools as chat has them. */
export function nestTools(body: JsonObject, customTools: CustomTools): Translation {
  const losses = new Losses();
  const { tools: _, tool_choice: _choice, ...rest } = body;
  return {
    body: { ...rest, ...choiceAndTools(body, { losses, customTools }) },
    lost: losses.list(),
  };
}
