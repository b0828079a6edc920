import {
  compact,
  isObject,
  type Json,
  type JsonObject,
  listOf,
  numberOf,
  objectsOf,
  readArguments,
  textOf,
} from '../json.ts';
import { Losses, type Translation } from '../translation.ts';
import { MADE_UP } from './gemini-answer-to-chat.ts';
import { joinTexts, partsOf } from './parts.ts';
import { takesJsonSchema, toOpenApi } from './schemas.ts';
import { signaturesOf } from './signatures.ts';
import { thinkingConfigFor } from './thinking-config.ts';

export interface GeminiRequestOptions {
  /** The name that Google knows the model by: generations differ in what they take. */
  readonly model: string;
  /** For a request without a limit of its own; undefined: it may write all it can. */
  readonly outputCap: number | undefined;
}

const WITHOUT_COUNTERPART = [
  'audio',
  'functions',
  'function_call',
  'logit_bias',
  'logprobs',
  'metadata',
  'modalities',
  'prediction',
  'service_tier',
  'store',
  'top_logprobs',
  'verbosity',
  'web_search_options',
] as const;

/** What Google tells to send for a call of which no signature is left, of another model's say. */
const NO_SIGNATURE = 'skip_thought_signature_validator';

/** A request to `/v1/chat/completions`, for `:generateContent`. */
export function chatRequestToGemini(
  request: JsonObject,
  { model, outputCap }: GeminiRequestOptions,
): Translation {
  const losses = new Losses();
  losses.addPresent(request, WITHOUT_COUNTERPART);
  const declared = declarationsOf(request['tools'], model, losses);
  if (request['parallel_tool_calls'] === false && declared.length > 0)
    losses.add('parallel_tool_calls');
  const { system, contents } = turnsOf(objectsOf(request['messages']), model, losses);
  const generationConfig = compact({
    maxOutputTokens:
      numberOf(request['max_completion_tokens']) ??
      numberOf(request['max_tokens']) ??
      outputCap ??
      undefined,
    candidateCount: numberOf(request['n']) ?? undefined,
    temperature: numberOf(request['temperature']) ?? undefined,
    topP: numberOf(request['top_p']) ?? undefined,
    seed: numberOf(request['seed']) ?? undefined,
    presencePenalty: numberOf(request['presence_penalty']) ?? undefined,
    frequencyPenalty: numberOf(request['frequency_penalty']) ?? undefined,
    stopSequences: stopsOf(request['stop']),
    ...formatOf(request['response_format'], model),
    thinkingConfig: thinkingConfigFor(request['reasoning_effort'], model, losses),
  });
  const body = compact({
    contents,
    systemInstruction: system.length > 0 ? { parts: system } : undefined,
    tools: declared.length > 0 ? [{ functionDeclarations: declared }] : undefined,
    toolConfig: declared.length > 0 ? choiceOf(request['tool_choice']) : undefined,
    generationConfig: Object.keys(generationConfig).length > 0 ? generationConfig : undefined,
    // As clients of LiteLLM say it.
    safetySettings: Array.isArray(request['safety_settings'])
      ? request['safety_settings']
      : undefined,
  });
  return { body, lost: losses.list() };
}

const stopsOf = (stop: Json | undefined): Json | undefined =>
  typeof stop === 'string' ? [stop] : Array.isArray(stop) ? (stop as Json) : undefined;

function formatOf(format: Json | undefined, model: string): JsonObject {
  if (!isObject(format) || (format['type'] !== 'json_schema' && format['type'] !== 'json_object'))
    return {};
  const responseMimeType = 'application/json';
  const schema = isObject(format['json_schema']) ? format['json_schema']['schema'] : undefined;
  if (!isObject(schema)) return { responseMimeType };
  return takesJsonSchema(model)
    ? { responseMimeType, responseJsonSchema: schema }
    : { responseMimeType, responseSchema: toOpenApi(schema) };
}

function declarationsOf(tools: Json | undefined, model: string, losses: Losses): JsonObject[] {
  return objectsOf(tools).flatMap((tool) => {
    if (tool['type'] !== 'function') {
      losses.add(`tools.${textOf(tool['type']) || 'unknown'}`);
      return [];
    }
    const made = isObject(tool['function']) ? tool['function'] : tool;
    const { parameters } = made;
    const schema = !isObject(parameters)
      ? {}
      : takesJsonSchema(model)
        ? { parametersJsonSchema: parameters }
        : { parameters: toOpenApi(parameters) };
    const { description } = made;
    return [compact({ name: textOf(made['name']), description, ...schema })];
  });
}

function choiceOf(choice: Json | undefined): JsonObject | undefined {
  const config = (mode: string, names?: readonly string[]): JsonObject => ({
    functionCallingConfig: compact({ mode, allowedFunctionNames: names }),
  });
  if (choice === 'none') return config('NONE');
  if (choice === 'auto') return config('AUTO');
  if (choice === 'required') return config('ANY');
  if (!isObject(choice)) return undefined;
  const named = isObject(choice['function']) ? choice['function'] : choice;
  return config('ANY', [textOf(named['name'])]);
}

/**
 * The results of parallel calls are one content, right after the calls and with nothing else in it: there
 * must be as many of the one as of the other.
 */
function turnsOf(
  messages: readonly JsonObject[],
  model: string,
  losses: Losses,
): { readonly system: JsonObject[]; readonly contents: JsonObject[] } {
  const system: JsonObject[] = [];
  const contents: JsonObject[] = [];
  const names = new Map<string, string>();
  let results: JsonObject[] = [];
  let besides: JsonObject[] = [];
  const add = (role: string, parts: readonly JsonObject[]): void => {
    if (parts.length > 0) contents.push({ role, parts });
  };
  const close = (): void => {
    add('user', results);
    add('user', besides);
    results = [];
    besides = [];
  };
  for (const message of messages) {
    const role = textOf(message['role']);
    if (role === 'tool' || role === 'function') {
      const id = textOf(message['tool_call_id']);
      const name = names.get(id) ?? (textOf(message['name']) || 'unknown');
      results.push(resultOf(message, { id, name }));
      besides.push(...partsOf(message['content'], losses).filter((part) => !('text' in part)));
      continue;
    }
    close();
    if (role === 'system' || role === 'developer') {
      system.push(...partsOf(message['content'], losses));
    } else if (role === 'assistant') {
      for (const call of objectsOf(message['tool_calls'])) {
        const made = isObject(call['function']) ? call['function'] : {};
        names.set(textOf(call['id']), textOf(made['name']));
      }
      add('model', modelParts(message, model, losses));
    } else add('user', partsOf(message['content'], losses));
  }
  close();
  return { system, contents };
}

/** An id that Gemini did not give means nothing to it. */
const ownId = (id: string): JsonObject => (id === '' || id.startsWith(MADE_UP) ? {} : { id });

function resultOf(message: JsonObject, { id, name }: { id: string; name: string }): JsonObject {
  const text = joinTexts(message['content']);
  const response = parseObject(text) ?? { result: text };
  return { functionResponse: { ...ownId(id), name, response } };
}

function parseObject(text: string): JsonObject | undefined {
  try {
    const value = JSON.parse(text) as unknown;
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function modelParts(message: JsonObject, model: string, losses: Losses): JsonObject[] {
  const signatures = signaturesOf(message);
  if (signatures.hasForeign) losses.add('messages.thinking_blocks');
  const texts = partsOf(message['content'] ?? undefined, losses);
  const refusal = textOf(message['refusal']);
  if (refusal !== '') texts.push({ text: refusal });
  const last = texts.at(-1);
  if (signatures.text !== undefined) {
    const signed = { ...last, thoughtSignature: signatures.text };
    texts.splice(Math.max(0, texts.length - 1), 1, last ? signed : { text: '', ...signed });
  }
  const demands = /gemini-(?:[3-9]|\d\d)/.test(model);
  const calls = listOf(message['tool_calls'])
    .filter(isObject)
    .flatMap((call, at) => {
      if (!isObject(call['function'])) {
        losses.add('messages.tool_calls.custom');
        return [];
      }
      const functionCall = {
        ...ownId(textOf(call['id'])),
        name: textOf(call['function']['name']),
        args: readArguments(textOf(call['function']['arguments'])),
      };
      // Of parallel calls the first alone is signed.
      const signature =
        signatures.calls.get(at) ?? (demands && at === 0 ? NO_SIGNATURE : undefined);
      return [compact({ functionCall, thoughtSignature: signature })];
    });
  return [...texts, ...calls];
}
