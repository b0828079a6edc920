import { compact, isObject, type Json, type JsonObject, objectsOf, textOf } from './json.ts';
import { contentOf, partOf } from './parts.ts';
import { effortFor } from './thinking.ts';
import { choiceToChat, toolsToChat } from './tools.ts';
import { Losses, type Translation, Untranslatable } from './translation.ts';

export interface MessagesRequestOptions {
  /** OpenAI's newer models refuse the older name; many others know no other. */
  readonly maxTokensField: 'max_tokens' | 'max_completion_tokens';
  /** Whether the provider takes signed thinking back, as `thinking_blocks`. */
  readonly keepsThinking: boolean;
}

const WITHOUT_COUNTERPART = [
  'container',
  'context_management',
  'inference_geo',
  'mcp_servers',
  'top_k',
] as const;
const STOPS_MAX = 4;

/** A request to `/v1/messages`, for `/v1/chat/completions`. Throws `Untranslatable`. */
export function messagesRequestToChat(
  request: JsonObject,
  { maxTokensField, keepsThinking }: MessagesRequestOptions,
): Translation {
  const losses = new Losses();
  losses.addPresent(request, WITHOUT_COUNTERPART);
  const tools = toolsToChat(request['tools']);
  const stops = Array.isArray(request['stop_sequences'])
    ? (request['stop_sequences'] as readonly Json[])
    : [];
  if (stops.length > STOPS_MAX) losses.add('stop_sequences');
  const body = compact({
    model: request['model'],
    [maxTokensField]: request['max_tokens'],
    messages: [
      ...systemOf(request['system'], losses),
      ...objectsOf(request['messages']).flatMap((message) =>
        messagesOf(message, { losses, keepsThinking }),
      ),
    ],
    tools: tools.length > 0 ? tools : undefined,
    ...(tools.length > 0 ? choiceToChat(request['tool_choice']) : {}),
    reasoning_effort: effortFor(request),
    stop: stops.length > 0 ? stops.slice(0, STOPS_MAX) : undefined,
    temperature: request['temperature'] ?? undefined,
    top_p: request['top_p'] ?? undefined,
    stream: request['stream'] ?? undefined,
    service_tier: tierOf(request['service_tier']),
    response_format: formatOf(request['output_config']),
  });
  return { body, lost: losses.list() };
}

const tierOf = (tier: Json | undefined): string | undefined =>
  tier === 'auto' ? 'auto' : tier === 'standard_only' ? 'default' : undefined;

function formatOf(config: Json | undefined): JsonObject | undefined {
  const format = isObject(config) ? config['format'] : undefined;
  if (!isObject(format) || format['type'] !== 'json_schema') return undefined;
  return {
    type: 'json_schema',
    json_schema: compact({ name: 'answer', schema: format['schema'], strict: true }),
  };
}

/** Every entry, in its order: the first may be stripped by position further up. */
function systemOf(system: Json | undefined, losses: Losses): JsonObject[] {
  if (typeof system === 'string') return system === '' ? [] : [{ role: 'system', content: system }];
  const parts = objectsOf(system).flatMap((block) => partOf(block, losses));
  return parts.length === 0 ? [] : [{ role: 'system', content: contentOf(parts) }];
}

interface Turn {
  readonly losses: Losses;
  readonly keepsThinking: boolean;
}

function messagesOf(message: JsonObject, turn: Turn): JsonObject[] {
  const { role, content } = message;
  if (typeof content === 'string') return [{ role: role ?? 'user', content }];
  const blocks = objectsOf(content);
  if (role === 'assistant') return [assistantOf(blocks, turn)];
  if (role === 'system') return systemOf(content, turn.losses);
  return userTurn(blocks, turn.losses);
}

/** First the results, each a message right after the calls; then what else the user says. */
function userTurn(blocks: readonly JsonObject[], losses: Losses): JsonObject[] {
  const results = blocks.filter(({ type }) => type === 'tool_result');
  const tools = results.map((block) => resultOf(block, losses));
  const parts = [
    ...tools.flatMap(({ images }) => images),
    ...blocks
      .filter(({ type }) => type !== 'tool_result')
      .flatMap((block) => partOf(block, losses)),
  ];
  return [
    ...tools.map(({ message }) => message),
    ...(parts.length > 0 ? [{ role: 'user', content: contentOf(parts) }] : []),
  ];
}

/** A tool's message holds text only: its pictures follow as the user's, under the name of the call. */
function resultOf(
  block: JsonObject,
  losses: Losses,
): { readonly message: JsonObject; readonly images: JsonObject[] } {
  const id = textOf(block['tool_use_id']);
  const { content } = block;
  const parts =
    typeof content === 'string'
      ? [{ type: 'text', text: content }]
      : objectsOf(content).flatMap((each) => partOf(each, losses));
  const texts = parts.filter(({ type }) => type === 'text');
  const others = parts.filter(({ type }) => type !== 'text');
  const told = block['is_error'] === true ? [{ type: 'text', text: 'Error:' }, ...texts] : texts;
  const message = compact({
    role: 'tool',
    tool_call_id: id,
    content: told.length === 0 ? '' : contentOf(told),
    cache_control: block['cache_control'],
  });
  const images =
    others.length === 0 ? [] : [{ type: 'text', text: `From the result of ${id}:` }, ...others];
  return { message, images };
}

function assistantOf(blocks: readonly JsonObject[], { losses, keepsThinking }: Turn): JsonObject {
  const texts: JsonObject[] = [];
  const calls: JsonObject[] = [];
  const thinking: JsonObject[] = [];
  for (const block of blocks) {
    switch (textOf(block['type'])) {
      case 'text':
        texts.push(...(textOf(block['text']) === '' ? [] : partOf(block, losses)));
        break;
      case 'thinking':
      case 'redacted_thinking':
        if (keepsThinking) thinking.push(block);
        else losses.add('messages.content.thinking');
        break;
      case 'tool_use':
        calls.push({
          id: textOf(block['id']),
          type: 'function',
          function: {
            name: textOf(block['name']),
            arguments: JSON.stringify(block['input'] ?? {}),
          },
        });
        break;
      case 'server_tool_use':
        throw new Untranslatable('messages', 'the history has calls of tools that Anthropic runs');
      default:
        losses.add(`messages.content.${textOf(block['type'])}`);
    }
  }
  return compact({
    role: 'assistant',
    content: texts.length > 0 ? contentOf(texts) : calls.length > 0 ? null : '',
    tool_calls: calls.length > 0 ? calls : undefined,
    thinking_blocks: thinking.length > 0 ? thinking : undefined,
  });
}
