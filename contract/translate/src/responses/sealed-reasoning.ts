/**
 * What a model of OpenAI's thought, as the signed thinking of a chat and back. Only its maker can read it; a
 * client that sends thinking back as it got it lets the model go on where it was.
 */
import { type JsonObject, objectsOf, readArguments, textOf } from '../json.ts';

const PREFIX = 'reasoning_item:';

/** The summary of an item, or what it says itself where a model shows that. */
export const thoughtIn = (item: JsonObject): string =>
  [...objectsOf(item['summary']), ...objectsOf(item['content'])]
    .map((part) => textOf(part['text']))
    .join('\n\n');

/** None where nothing of it could be sent back. */
export function blocksOfReasoning(item: JsonObject): JsonObject[] {
  const sealed = textOf(item['encrypted_content']);
  if (sealed === '') return [];
  const signature = PREFIX + JSON.stringify({ id: textOf(item['id']), sealed });
  return [{ type: 'thinking', thinking: thoughtIn(item), signature }];
}

/** The item of a block that was made above; null: it is of another maker. */
export function reasoningOfBlock(block: JsonObject): JsonObject | null {
  const signature = textOf(block['signature']);
  if (!signature.startsWith(PREFIX)) return null;
  const { id, sealed } = readArguments(signature.slice(PREFIX.length));
  if (textOf(sealed) === '') return null;
  const text = textOf(block['thinking']);
  const summary = text === '' ? [] : [{ type: 'summary_text', text }];
  return { type: 'reasoning', id: textOf(id), summary, encrypted_content: textOf(sealed) };
}
