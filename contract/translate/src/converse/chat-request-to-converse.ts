import {
  compact,
  isObject,
  type Json,
  type JsonObject,
  numberOf,
  objectsOf,
  readArguments,
  textOf,
} from '../json.ts';
import { isForeignThinking, thinkingFor } from '../thinking.ts';
import { Losses, type Translation } from '../translation.ts';
import { blocksFor, type BlockWriter, cachePoint, textBlock } from './blocks.ts';

export interface ConverseRequestOptions {
  /** As Amazon knows it: families differ in what they take. */
  readonly model: string;
  /** For a request without a limit of its own; undefined: it may write all it can. */
  readonly outputCap: number | undefined;
  /** The most that the model can write, for thinking, which has to leave room for an answer. */
  readonly maxTokensDefault: number;
}

const WITHOUT_COUNTERPART = [
  'audio',
  'frequency_penalty',
  'functions',
  'function_call',
  'logit_bias',
  'logprobs',
  'metadata',
  'modalities',
  'prediction',
  'presence_penalty',
  'seed',
  'service_tier',
  'store',
  'top_logprobs',
  'verbosity',
  'web_search_options',
] as const;

const isClaude = (model: string): boolean => model.includes('anthropic.claude');

/** A request to `/v1/chat/completions`, for `/converse`. Throws `Untranslatable`. */
export function chatRequestToConverse(
  request: JsonObject,
  { model, outputCap, maxTokensDefault }: ConverseRequestOptions,
): Translation {
  const losses = new Losses();
  losses.addPresent(request, WITHOUT_COUNTERPART);
  if ((numberOf(request['n']) ?? 1) > 1) losses.add('n');
  const takesCacheMarks = isClaude(model) || model.includes('amazon.nova');
  const of: BlockWriter = { losses, takesCacheMarks, documents: 0 };
  const { system, messages } = turnsOf(objectsOf(request['messages']), of);
  const toolConfig = toolConfigFor(request, messages, of);
  const stated = numberOf(request['max_completion_tokens']) ?? numberOf(request['max_tokens']);
  const isForced = toolConfig?.['toolChoice'] !== undefined && !isAuto(toolConfig['toolChoice']);
  const more = thinkingFields(request['reasoning_effort'], {
    model,
    isForced,
    maxTokens: stated ?? outputCap ?? maxTokensDefault,
    losses,
  });
  const isThinking = more?.['thinking'] !== undefined;
  const temperature = numberOf(request['temperature']);
  if (isThinking && temperature !== null && temperature !== 1) losses.add('temperature');
  const inferenceConfig = compact({
    // What is thought counts within it, so that it has to be said.
    maxTokens: stated ?? outputCap ?? (isThinking ? maxTokensDefault : undefined),
    temperature: isThinking ? undefined : (temperature ?? undefined),
    topP: numberOf(request['top_p']) ?? undefined,
    stopSequences: stopsOf(request['stop']),
  });
  const body = compact({
    messages,
    system: system.length > 0 ? system : undefined,
    inferenceConfig: Object.keys(inferenceConfig).length > 0 ? inferenceConfig : undefined,
    toolConfig,
    outputConfig: formatFor(request['response_format'], losses),
    additionalModelRequestFields: more,
  });
  return { body, lost: losses.list() };
}

const stopsOf = (stop: Json | undefined): Json | undefined =>
  typeof stop === 'string' ? [stop] : Array.isArray(stop) ? (stop as Json) : undefined;

const isAuto = (choice: Json | undefined): boolean => isObject(choice) && 'auto' in choice;

function formatFor(format: Json | undefined, losses: Losses): JsonObject | undefined {
  if (!isObject(format) || format['type'] === 'text') return undefined;
  const of = isObject(format['json_schema']) ? format['json_schema'] : {};
  if (format['type'] !== 'json_schema' || !isObject(of['schema'])) {
    losses.add(`response_format.${textOf(format['type'])}`);
    return undefined;
  }
  const jsonSchema = compact({
    schema: JSON.stringify(of['schema']),
    name: of['name'],
    description: of['description'],
  });
  return { textFormat: { type: 'json_schema', structure: { jsonSchema } } };
}

/** Each family has words of its own for how hard to think, and most have none. */
function thinkingFields(
  effort: Json | undefined,
  of: {
    readonly model: string;
    readonly isForced: boolean;
    readonly maxTokens: number;
    readonly losses: Losses;
  },
): JsonObject | undefined {
  if (textOf(effort) === '') return undefined;
  if (of.model.includes('openai.gpt-oss')) return { reasoning_effort: effort };
  // It refuses to think where the answer is forced to be a call.
  if (!isClaude(of.model) || of.isForced) {
    of.losses.add('reasoning_effort');
    return undefined;
  }
  const thinking = thinkingFor(effort, of.maxTokens);
  return thinking?.['type'] === 'enabled' ? { thinking } : undefined;
}

function toolConfigFor(
  request: JsonObject,
  messages: readonly JsonObject[],
  of: BlockWriter,
): JsonObject | undefined {
  const { losses } = of;
  const declared = objectsOf(request['tools']).flatMap((tool) => {
    if (tool['type'] !== 'function') {
      losses.add(`tools.${textOf(tool['type']) || 'unknown'}`);
      return [];
    }
    const made = isObject(tool['function']) ? tool['function'] : tool;
    const json = isObject(made['parameters'])
      ? made['parameters']
      : { type: 'object', properties: {} };
    const description = textOf(made['description']) || undefined;
    const toolSpec = compact({ name: textOf(made['name']), description, inputSchema: { json } });
    return [{ toolSpec }, ...cachePoint(tool['cache_control'], of)];
  });
  if (request['parallel_tool_calls'] === false && declared.length > 0)
    losses.add('parallel_tool_calls');
  const used = namesUsed(messages);
  const choice = request['tool_choice'];
  if (choice === 'none' && declared.length > 0) {
    // There is no word for it. Without tools it is the same, but a history of calls wants them.
    if (used.length === 0) return undefined;
    losses.add('tool_choice');
  }
  if (declared.length > 0) return compact({ tools: declared, toolChoice: choiceFor(choice) });
  if (used.length === 0) return undefined;
  // What was called must be declared, even where nothing may be called any more.
  const json = { type: 'object', properties: {} };
  return { tools: used.map((name) => ({ toolSpec: { name, inputSchema: { json } } })) };
}

function choiceFor(choice: Json | undefined): JsonObject | undefined {
  if (choice === 'required') return { any: {} };
  if (choice === 'auto') return { auto: {} };
  if (!isObject(choice)) return undefined;
  const named = isObject(choice['function']) ? choice['function'] : choice;
  return { tool: { name: textOf(named['name']) } };
}

function namesUsed(messages: readonly JsonObject[]): string[] {
  const names = messages.flatMap(({ content }) =>
    objectsOf(content).flatMap(({ toolUse }) => (isObject(toolUse) ? textOf(toolUse['name']) : [])),
  );
  return [...new Set(names)];
}

/** Roles take turns: what follows in the same role belongs to the same message. */
function turnsOf(
  given: readonly JsonObject[],
  of: BlockWriter,
): { readonly system: JsonObject[]; readonly messages: JsonObject[] } {
  const system: JsonObject[] = [];
  const messages: { readonly role: string; readonly content: JsonObject[] }[] = [];
  const add = (role: string, blocks: readonly JsonObject[]): void => {
    const last = messages.at(-1);
    if (last?.role === role) last.content.push(...blocks);
    else if (blocks.length > 0) messages.push({ role, content: [...blocks] });
  };
  for (const message of given) {
    const marks = cachePoint(message['cache_control'], of);
    switch (textOf(message['role'])) {
      case 'system':
      case 'developer':
        system.push(...blocksFor(message['content'], of), ...marks);
        break;
      case 'tool':
      case 'function':
        add('user', [resultFor(message, of), ...marks]);
        break;
      case 'assistant':
        add('assistant', [...assistantBlocks(message, of), ...marks]);
        break;
      default:
        add('user', [...blocksFor(message['content'], of), ...marks]);
    }
  }
  return { system, messages };
}

function resultFor(message: JsonObject, of: BlockWriter): JsonObject {
  const content = blocksFor(message['content'], of).filter((block) => !('cachePoint' in block));
  return {
    toolResult: {
      toolUseId: textOf(message['tool_call_id']),
      content: content.length > 0 ? content : [{ json: {} }],
    },
  };
}

/** Thinking comes first and word for word: it is signed. */
function assistantBlocks(message: JsonObject, of: BlockWriter): JsonObject[] {
  const calls = objectsOf(message['tool_calls']).flatMap((call) => {
    if (!isObject(call['function'])) {
      of.losses.add('messages.tool_calls.custom');
      return [];
    }
    const toolUse = {
      toolUseId: textOf(call['id']),
      name: textOf(call['function']['name']),
      input: readArguments(textOf(call['function']['arguments'])),
    };
    return [{ toolUse }];
  });
  return [
    ...objectsOf(message['thinking_blocks']).flatMap((block) => thoughtFor(block, of)),
    ...blocksFor(message['content'] ?? undefined, of),
    ...textBlock(textOf(message['refusal'])),
    ...calls,
  ];
}

function thoughtFor(block: JsonObject, { losses }: BlockWriter): JsonObject[] {
  if (block['type'] === 'redacted_thinking')
    return [{ reasoningContent: { redactedContent: textOf(block['data']) } }];
  if (isForeignThinking(block)) {
    losses.add('messages.thinking_blocks');
    return [];
  }
  const signature = textOf(block['signature']);
  const text = textOf(block['thinking']);
  return [{ reasoningContent: { reasoningText: { text, signature } } }];
}
