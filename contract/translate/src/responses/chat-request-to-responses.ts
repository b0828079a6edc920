import {
  compact,
  isObject,
  type Json,
  type JsonObject,
  numberOf,
  objectsOf,
  textOf,
} from '../json.ts';
import { Losses, type Translation, Untranslatable } from '../translation.ts';
import { inputOfMessages } from './input-of-messages.ts';

export interface ChatOverResponsesOptions {
  /** For a request without a limit of its own; undefined: it may write all it can. */
  readonly outputCap: number | undefined;
}

/** Models that speak Responses alone do without; the answer is only shaped by them. */
const WITHOUT_COUNTERPART = [
  'audio',
  'frequency_penalty',
  'function_call',
  'functions',
  'logit_bias',
  'modalities',
  'prediction',
  'presence_penalty',
  'seed',
  'stop',
  'web_search_options',
] as const;

/** Of the same name and meaning in both. */
const THE_SAME = [
  'metadata',
  'parallel_tool_calls',
  'prompt_cache_key',
  'prompt_cache_retention',
  'safety_identifier',
  'service_tier',
  'stream',
  'temperature',
  'top_logprobs',
  'top_p',
  'user',
] as const;

/** A request to `/v1/chat/completions`, for `/v1/responses`. Throws `Untranslatable`. */
export function chatRequestToResponses(
  request: JsonObject,
  { outputCap }: ChatOverResponsesOptions,
): Translation {
  if ((numberOf(request['n']) ?? 1) > 1)
    throw new Untranslatable('n', 'this model gives one answer to a request');
  const losses = new Losses();
  losses.addPresent(request, WITHOUT_COUNTERPART);
  const limit =
    numberOf(request['max_completion_tokens']) ?? numberOf(request['max_tokens']) ?? outputCap;
  const tools = objectsOf(request['tools']).flatMap((tool) => flatTool(tool, losses));
  const body = compact({
    ...Object.fromEntries(THE_SAME.map((name) => [name, request[name] ?? undefined])),
    input: inputOfMessages(objectsOf(request['messages']), losses),
    max_output_tokens: limit ?? undefined,
    tools: tools.length > 0 ? tools : undefined,
    tool_choice: flatChoice(request['tool_choice']),
    reasoning: effortOf(request['reasoning_effort']),
    text: textFormat(request),
    // A chat is kept nowhere; what was thought comes back sealed instead.
    store: request['store'] === true,
    include: [
      'reasoning.encrypted_content',
      ...(request['logprobs'] === true ? ['message.output_text.logprobs'] : []),
    ],
  });
  return { body, lost: losses.list() };
}

const effortOf = (effort: Json | undefined): JsonObject | undefined =>
  textOf(effort) === '' ? undefined : { effort: textOf(effort) };

function textFormat(request: JsonObject): JsonObject | undefined {
  const given = isObject(request['response_format']) ? request['response_format'] : undefined;
  const schema = given && isObject(given['json_schema']) ? given['json_schema'] : {};
  const format = given && { type: textOf(given['type']), ...schema };
  const verbosity = request['verbosity'] ?? undefined;
  return format || verbosity ? compact({ format, verbosity }) : undefined;
}

function flatTool(tool: JsonObject, losses: Losses): JsonObject[] {
  const type = textOf(tool['type']);
  if (type === 'function' && isObject(tool['function'])) {
    const { name, description, parameters, strict } = tool['function'];
    // Chat is not strict unless it says so; Responses is.
    return [
      compact({
        type,
        name,
        description,
        parameters: parameters ?? { type: 'object', properties: {} },
        strict: strict === true,
      }),
    ];
  }
  if (type === 'custom' && isObject(tool['custom'])) {
    const { name, description, format } = tool['custom'];
    return [compact({ type, name, description, format: flatGrammar(format) })];
  }
  losses.add(`tools.${type || 'unknown'}`);
  return [];
}

const flatGrammar = (format: Json | undefined): Json | undefined =>
  isObject(format) && isObject(format['grammar'])
    ? { type: 'grammar', ...format['grammar'] }
    : format;

function flatChoice(choice: Json | undefined): Json | undefined {
  if (!isObject(choice)) return choice ?? undefined;
  const type = textOf(choice['type']);
  if (type === 'allowed_tools' && isObject(choice['allowed_tools'])) {
    const { mode, tools } = choice['allowed_tools'];
    return compact({ type, mode, tools: objectsOf(tools).map(named) });
  }
  return named(choice);
}

function named(tool: JsonObject): JsonObject {
  const type = textOf(tool['type']);
  const made = tool[type];
  return { type, name: isObject(made) ? textOf(made['name']) : textOf(tool['name']) };
}
