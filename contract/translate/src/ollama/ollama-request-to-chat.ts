/** Requests to `/api/chat` and `/api/generate` of Ollama, for `/v1/chat/completions`. */
import {
  compact,
  isObject,
  type Json,
  type JsonObject,
  listOf,
  numberOf,
  objectsOf,
  textOf,
} from '../json.ts';
import { Losses, type Translation, Untranslatable } from '../translation.ts';

export interface OllamaRequestOptions {
  /** OpenAI's newer models refuse the older name; many others know no other. */
  readonly maxTokensField: 'max_tokens' | 'max_completion_tokens';
}

export function ollamaChatToChat(request: JsonObject, options: OllamaRequestOptions): Translation {
  const losses = new Losses();
  const tools = objectsOf(request['tools']);
  const body = compact({
    ...commonOf(request, options, losses),
    messages: messagesOf(objectsOf(request['messages']), losses),
    tools: tools.length > 0 ? tools : undefined,
  });
  return { body, lost: losses.list() };
}

/** Throws `Untranslatable`. */
export function ollamaGenerateToChat(
  request: JsonObject,
  options: OllamaRequestOptions,
): Translation {
  const losses = new Losses();
  if (textOf(request['suffix']) !== '') {
    throw new Untranslatable(
      'suffix',
      'a chat model writes an answer, not what is missing in a text',
    );
  }
  if (listOf(request['context']).length > 0) {
    throw new Untranslatable('context', 'no context is kept here: use /api/chat with all messages');
  }
  losses.addPresent(request, ['template']);
  if (request['raw'] === true) losses.add('raw');
  const system = textOf(request['system']);
  const body = compact({
    ...commonOf(request, options, losses),
    messages: [
      ...(system === '' ? [] : [{ role: 'system', content: system }]),
      userOf({ content: textOf(request['prompt']), images: request['images'] }),
    ],
  });
  return { body, lost: losses.list() };
}

/** A request without a question loads a model, as Ollama has it: there is nothing to ask anybody. */
export const asksNothing = (request: JsonObject): boolean =>
  listOf(request['messages']).length === 0 &&
  textOf(request['prompt']) === '' &&
  listOf(request['images']).length === 0;

/** What both formats say with the same words. */
const SHARED_OPTIONS = [
  'frequency_penalty',
  'presence_penalty',
  'seed',
  'temperature',
  'top_p',
] as const;

function commonOf(
  request: JsonObject,
  { maxTokensField }: OllamaRequestOptions,
  losses: Losses,
): JsonObject {
  const options = isObject(request['options']) ? request['options'] : {};
  const known: readonly string[] = [...SHARED_OPTIONS, 'num_predict', 'stop'];
  for (const name of Object.keys(options)) {
    if (!known.includes(name)) losses.add(`options.${name}`);
  }
  losses.addPresent(request, ['keep_alive']);
  const limit = numberOf(options['num_predict']);
  return {
    model: request['model'],
    // Ollama streams unless it is told not to.
    stream: request['stream'] !== false,
    ...Object.fromEntries(SHARED_OPTIONS.map((name) => [name, options[name] ?? undefined])),
    stop: options['stop'] ?? undefined,
    // Negative numbers mean as many as there is room for.
    [maxTokensField]: limit === null || limit < 0 ? undefined : limit,
    reasoning_effort: effortOf(request['think']),
    response_format: formatOf(request['format']),
    logprobs: request['logprobs'] === true ? true : undefined,
    top_logprobs: request['logprobs'] === true ? (request['top_logprobs'] ?? undefined) : undefined,
  };
}

/** Not to think is what most models do when nothing is said, and what those that always think refuse. */
const effortOf = (think: Json | undefined): string | undefined =>
  think === true ? 'medium' : textOf(think) || undefined;

function formatOf(format: Json | undefined): JsonObject | undefined {
  if (format === 'json') return { type: 'json_object' };
  return isObject(format)
    ? { type: 'json_schema', json_schema: { name: 'answer', schema: format } }
    : undefined;
}

/** Calls have no ids at Ollama: a result belongs to the first call of its name that has none yet. */
function messagesOf(given: readonly JsonObject[], losses: Losses): JsonObject[] {
  let made = 0;
  let waiting: { readonly id: string; readonly name: string }[] = [];
  return given.map((message) => {
    const role = textOf(message['role']) || 'user';
    if (textOf(message['thinking']) !== '') losses.add('messages.thinking');
    if (role === 'assistant') {
      const calls = objectsOf(message['tool_calls']).map((call) => callOf(call, made++));
      waiting = calls.map(({ id, function: { name } }) => ({ id, name }));
      return compact({
        role,
        content: textOf(message['content']) || (calls.length > 0 ? null : ''),
        tool_calls: calls.length > 0 ? calls : undefined,
      });
    }
    if (role === 'tool') {
      const id = textOf(message['tool_call_id']);
      const name = textOf(message['tool_name']) || textOf(message['name']);
      const named = waiting.find((call) => (id === '' ? call.name === name : call.id === id));
      const call = named ?? waiting[0];
      waiting = waiting.filter((each) => each !== call);
      return { role, tool_call_id: (call?.id ?? id) || name, content: textOf(message['content']) };
    }
    return role === 'user' ? userOf(message) : { role, content: textOf(message['content']) };
  });
}

function callOf(call: JsonObject, at: number) {
  const made = isObject(call['function']) ? call['function'] : {};
  return {
    id: textOf(call['id']) || `call_${at}`,
    type: 'function',
    function: { name: textOf(made['name']), arguments: JSON.stringify(made['arguments'] ?? {}) },
  };
}

function userOf(message: JsonObject): JsonObject {
  const content = textOf(message['content']);
  const images = listOf(message['images']).filter((image) => typeof image === 'string');
  if (images.length === 0) return { role: 'user', content };
  const parts = images.map((image) => ({ type: 'image_url', image_url: { url: urlOf(image) } }));
  const text = content === '' ? [] : [{ type: 'text', text: content }];
  return { role: 'user', content: [...text, ...parts] };
}

/** Pictures come as bare base64: of what kind they are, their first bytes say. */
const BEGINNINGS: readonly (readonly [string, string])[] = [
  ['/9j/', 'image/jpeg'],
  ['R0lGOD', 'image/gif'],
  ['UklGR', 'image/webp'],
];

function urlOf(image: string): string {
  if (image.startsWith('data:')) return image;
  const kind = BEGINNINGS.find(([beginning]) => image.startsWith(beginning))?.[1] ?? 'image/png';
  return `data:${kind};base64,${image}`;
}
