/**
 * What a model thought, as an item of Responses. Clients send such items back as they got them, and know
 * `encrypted_content` as something that only its maker reads: so signed thinking of other providers
 * travels in it, word for word.
 */
import { compact, type JsonObject, objectsOf, textOf } from '../json.ts';

const PREFIX = 'thinking_blocks:';

/** `null` where there was no thinking. */
export function reasoningItem(
  id: string,
  { text, blocks }: { readonly text: string; readonly blocks: readonly JsonObject[] },
): JsonObject | null {
  if (text === '' && blocks.length === 0) return null;
  return compact({
    id,
    type: 'reasoning',
    summary: text === '' ? [] : [{ type: 'summary_text', text }],
    encrypted_content: blocks.length === 0 ? undefined : PREFIX + JSON.stringify(blocks),
  });
}

/** The signed blocks of an item that was made here; none where it is of another maker. */
export function thinkingOf(item: JsonObject): JsonObject[] {
  const sealed = textOf(item['encrypted_content']);
  if (!sealed.startsWith(PREFIX)) return [];
  try {
    return [...objectsOf(JSON.parse(sealed.slice(PREFIX.length)))];
  } catch {
    return [];
  }
}

/** What a message or a delta of chat says that was thought. */
export const reasoningOf = (message: JsonObject): string =>
  textOf(message['reasoning_content']) || textOf(message['reasoning']);
