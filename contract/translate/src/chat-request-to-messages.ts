import {
  compact,
  isObject,
  type Json,
  type JsonObject,
  numberOf,
  objectsOf,
  readArguments,
  textOf,
} from './json.ts';
import { blocksOf } from './parts.ts';
import { isForeignThinking, thinkingFor } from './thinking.ts';
import { choiceToMessages, toolsToMessages } from './tools.ts';
import { Losses, type Translation } from './translation.ts';

export interface ChatRequestOptions {
  /** Anthropic demands a limit; for requests without one: the most that the model can write. */
  readonly maxTokensDefault: number;
}

/** What Anthropic has no word for, and what only shapes the answer. */
const WITHOUT_COUNTERPART = [
  'audio',
  'frequency_penalty',
  'functions',
  'function_call',
  'logit_bias',
  'logprobs',
  'modalities',
  'prediction',
  'presence_penalty',
  'seed',
  'store',
  'top_logprobs',
  'verbosity',
  'web_search_options',
] as const;

/** A request to `/v1/chat/completions`, for `/v1/messages`. */
export function chatRequestToMessages(
  request: JsonObject,
  { maxTokensDefault }: ChatRequestOptions,
): Translation {
  const losses = new Losses();
  losses.addPresent(request, WITHOUT_COUNTERPART);
  if ((numberOf(request['n']) ?? 1) > 1) losses.add('n');
  const maxTokens =
    numberOf(request['max_completion_tokens']) ??
    numberOf(request['max_tokens']) ??
    maxTokensDefault;
  const tools = toolsToMessages(request['tools'], losses);
  const choice = tools.length > 0 ? choiceToMessages(request) : undefined;
  const isForced = choice?.['type'] === 'any' || choice?.['type'] === 'tool';
  // Anthropic refuses to think where the answer is forced to be a call.
  const thinking = isForced ? undefined : thinkingFor(request['reasoning_effort'], maxTokens);
  const isThinking = thinking?.['type'] === 'enabled';
  if (isForced && typeof request['reasoning_effort'] === 'string') losses.add('reasoning_effort');
  const { system, messages } = turnsOf(objectsOf(request['messages']), losses);
  const body = compact({
    model: request['model'],
    max_tokens: maxTokens,
    system: system.length > 0 ? system : undefined,
    messages,
    tools: tools.length > 0 ? tools : undefined,
    tool_choice: choice,
    thinking,
    stop_sequences: stopsOf(request['stop']),
    temperature: temperatureOf(request['temperature'], isThinking, losses),
    top_p: request['top_p'] ?? undefined,
    stream: request['stream'] ?? undefined,
    service_tier: tierOf(request['service_tier']),
    output_config: formatOf(request['response_format'], losses),
  });
  return { body, lost: losses.list() };
}

const stopsOf = (stop: Json | undefined): Json | undefined =>
  typeof stop === 'string' ? [stop] : Array.isArray(stop) ? (stop as Json) : undefined;

const tierOf = (tier: Json | undefined): string | undefined =>
  tier === 'auto' ? 'auto' : tier === 'default' ? 'standard_only' : undefined;

/** Anthropic's scale ends at 1, and thinking allows none. */
function temperatureOf(
  value: Json | undefined,
  isThinking: boolean,
  losses: Losses,
): number | undefined {
  const temperature = numberOf(value);
  if (temperature === null) return undefined;
  if (isThinking && temperature !== 1) {
    losses.add('temperature');
    return undefined;
  }
  if (temperature > 1) losses.add('temperature');
  return Math.min(1, temperature);
}

function formatOf(format: Json | undefined, losses: Losses): JsonObject | undefined {
  if (!isObject(format) || format['type'] === 'text') return undefined;
  const schema = isObject(format['json_schema']) ? format['json_schema']['schema'] : undefined;
  if (format['type'] === 'json_schema' && schema !== undefined) {
    return { format: { type: 'json_schema', schema } };
  }
  losses.add(`response_format.${textOf(format['type'])}`);
  return undefined;
}

interface Turns {
  readonly system: JsonObject[];
  readonly messages: JsonObject[];
}

/**
 * System and developer messages stand apart, all of them, in their order. The results of parallel calls
 * are one turn of the user, and what the user says next belongs to that turn.
 */
function turnsOf(given: readonly JsonObject[], losses: Losses): Turns {
  const system: JsonObject[] = [];
  const messages: { role: string; content: Json[] | string }[] = [];
  let isCollecting = false;
  const add = (role: string, blocks: readonly Json[]): void => {
    const last = messages.at(-1);
    if (role === 'user' && isCollecting && last && Array.isArray(last.content)) {
      last.content.push(...blocks);
    } else if (blocks.length > 0) messages.push({ role, content: [...blocks] });
  };
  for (const message of given) {
    switch (textOf(message['role'])) {
      case 'system':
      case 'developer':
        system.push(...blocksOf(message['content'], losses));
        break;
      case 'tool':
      case 'function':
        add('user', [resultOf(message, losses)]);
        isCollecting = true;
        break;
      case 'assistant':
        isCollecting = false;
        add('assistant', assistantBlocks(message, losses));
        break;
      default: {
        const { content } = message;
        if (typeof content === 'string' && !isCollecting) messages.push({ role: 'user', content });
        else add('user', blocksOf(content, losses));
        isCollecting = false;
      }
    }
  }
  return { system, messages };
}

function resultOf(message: JsonObject, losses: Losses): JsonObject {
  const content = blocksOf(message['content'], losses);
  return compact({
    type: 'tool_result',
    tool_use_id: textOf(message['tool_call_id']),
    content: typeof message['content'] === 'string' ? message['content'] : content,
    cache_control: message['cache_control'],
  });
}

/** Thinking comes first and word for word: it is signed, and refused when it was changed or moved. */
function assistantBlocks(message: JsonObject, losses: Losses): JsonObject[] {
  const refusal = textOf(message['refusal']);
  const calls = objectsOf(message['tool_calls']).flatMap((call) => {
    if (!isObject(call['function'])) {
      losses.add('messages.tool_calls.custom');
      return [];
    }
    return {
      type: 'tool_use',
      id: textOf(call['id']),
      name: textOf(call['function']['name']),
      input: readArguments(textOf(call['function']['arguments'])),
    };
  });
  const thinking = objectsOf(message['thinking_blocks']);
  const own = thinking.filter((block) => !isForeignThinking(block));
  if (own.length < thinking.length) losses.add('messages.thinking_blocks');
  return [
    ...own,
    ...blocksOf(message['content'] ?? undefined, losses),
    ...(refusal === '' ? [] : [{ type: 'text', text: refusal }]),
    ...calls,
  ];
}
