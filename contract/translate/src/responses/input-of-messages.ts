/** The messages of a chat, as the items of a request's `input`. */
import { compact, isObject, type Json, type JsonObject, objectsOf, textOf } from '../json.ts';
import type { Losses } from '../translation.ts';
import { reasoningOfBlock } from './sealed-reasoning.ts';

export function inputOfMessages(messages: readonly JsonObject[], losses: Losses): JsonObject[] {
  const free = new Set<string>();
  return messages.flatMap((message) => {
    const role = textOf(message['role']);
    switch (role) {
      case 'assistant':
        return itemsOfModel(message, free, losses);
      case 'tool': {
        const id = textOf(message['tool_call_id']);
        const type = free.has(id) ? 'custom_tool_call_output' : 'function_call_output';
        return [{ type, call_id: id, output: contentOf(message['content'], losses) }];
      }
      case 'function':
        losses.add('messages.function');
        return [];
      default:
        return [{ role, content: contentOf(message['content'], losses) }];
    }
  });
}

/** One turn: what was thought, said and called, in this order. */
function itemsOfModel(message: JsonObject, free: Set<string>, losses: Losses): JsonObject[] {
  const thought = objectsOf(message['thinking_blocks']).flatMap((block) => {
    const item = reasoningOfBlock(block);
    if (item === null) losses.add('messages.thinking_blocks');
    return item === null ? [] : [item];
  });
  const text = joined(message['content']) + textOf(message['refusal']);
  const calls = objectsOf(message['tool_calls']).map((call): JsonObject => {
    const id = textOf(call['id']);
    if (isObject(call['custom'])) {
      free.add(id);
      const { name, input } = call['custom'];
      return { type: 'custom_tool_call', call_id: id, name: textOf(name), input: textOf(input) };
    }
    const made = isObject(call['function']) ? call['function'] : {};
    const given = textOf(made['arguments']) || '{}';
    return { type: 'function_call', call_id: id, name: textOf(made['name']), arguments: given };
  });
  const isEmpty = text === '' && (calls.length > 0 || thought.length > 0);
  return [...thought, ...(isEmpty ? [] : [{ role: 'assistant', content: text }]), ...calls];
}

const joined = (content: Json | undefined): string =>
  typeof content === 'string'
    ? content
    : objectsOf(content)
        .map((part) => textOf(part['text']) || textOf(part['refusal']))
        .join('');

function contentOf(content: Json | undefined, losses: Losses): Json {
  return typeof content === 'string'
    ? content
    : objectsOf(content).flatMap((part) => partOf(part, losses));
}

function partOf(part: JsonObject, losses: Losses): JsonObject[] {
  const type = textOf(part['type']);
  switch (type) {
    case 'text':
      return [{ type: 'input_text', text: textOf(part['text']) }];
    case 'image_url': {
      const image = part['image_url'];
      const url = isObject(image) ? textOf(image['url']) : textOf(image);
      const detail = (isObject(image) && textOf(image['detail'])) || 'auto';
      return [{ type: 'input_image', image_url: url, detail }];
    }
    case 'file': {
      const file = isObject(part['file']) ? part['file'] : {};
      const { filename, file_data, file_id } = file;
      return [compact({ type: 'input_file', filename, file_data, file_id })];
    }
    default:
      losses.add(`messages.content.${type || 'unknown'}`);
      return [];
  }
}
