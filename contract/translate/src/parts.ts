/** Parts of a message's content in OpenAI's words, and blocks in Anthropic's. */
import { compact, isObject, type Json, type JsonObject, objectsOf, textOf } from './json.ts';
import type { Losses } from './translation.ts';

const DATA_URL = /^data:([^;,]+)(?:;[^,]*)?;base64,(.*)$/s;

/** The content of a user's or a tool's message, as blocks. */
export function blocksOf(content: Json | undefined, losses: Losses): JsonObject[] {
  if (typeof content === 'string') return content === '' ? [] : [{ type: 'text', text: content }];
  return objectsOf(content).flatMap((part) => blockOf(part, losses));
}

/** One, or none where the other format cannot say it. */
function blockOf(part: JsonObject, losses: Losses): JsonObject[] {
  const cached = { cache_control: part['cache_control'] };
  switch (textOf(part['type'])) {
    case 'text':
    case 'input_text':
    case 'output_text':
      return [compact({ type: 'text', text: textOf(part['text']), ...cached })];
    case 'refusal':
      return [{ type: 'text', text: textOf(part['refusal']) }];
    case 'image_url': {
      const image = part['image_url'];
      const url = isObject(image) ? textOf(image['url']) : textOf(image);
      return [compact({ type: 'image', source: sourceOf(url), ...cached })];
    }
    case 'file': {
      const file = isObject(part['file']) ? part['file'] : {};
      const data = textOf(file['file_data']);
      if (data === '') {
        losses.add('messages.content.file.file_id');
        return [];
      }
      return [
        compact({
          type: 'document',
          source: sourceOf(data),
          title: file['filename'],
          ...cached,
        }),
      ];
    }
    default:
      losses.add(`messages.content.${textOf(part['type']) || 'unknown'}`);
      return [];
  }
}

function sourceOf(url: string): JsonObject {
  const [, mediaType, data] = DATA_URL.exec(url) ?? [];
  return mediaType !== undefined && data !== undefined
    ? { type: 'base64', media_type: mediaType, data }
    : { type: 'url', url };
}

/** A block of a user's message, as one part, or none where the other format cannot say it. */
export function partOf(block: JsonObject, losses: Losses): JsonObject[] {
  const cached = { cache_control: block['cache_control'] };
  switch (textOf(block['type'])) {
    case 'text':
      return [compact({ type: 'text', text: textOf(block['text']), ...cached })];
    case 'image':
      return [
        compact({ type: 'image_url', image_url: { url: urlOf(block['source']) }, ...cached }),
      ];
    case 'document': {
      const source = isObject(block['source']) ? block['source'] : {};
      if (source['type'] === 'text') {
        return [compact({ type: 'text', text: textOf(source['data']), ...cached })];
      }
      if (source['type'] !== 'base64') {
        losses.add(`messages.content.document.${textOf(source['type'])}`);
        return [];
      }
      const file = compact({ filename: block['title'], file_data: urlOf(source) });
      return [compact({ type: 'file', file, ...cached })];
    }
    default:
      losses.add(`messages.content.${textOf(block['type']) || 'unknown'}`);
      return [];
  }
}

function urlOf(source: Json | undefined): string {
  if (!isObject(source)) return '';
  if (source['type'] === 'url') return textOf(source['url']);
  return `data:${textOf(source['media_type'])};base64,${textOf(source['data'])}`;
}

/** One plain text stays a text: every provider takes that, not every one takes a list. */
export function contentOf(parts: readonly JsonObject[]): Json {
  const [only] = parts;
  if (parts.length === 1 && only?.['type'] === 'text' && only['cache_control'] === undefined) {
    return textOf(only['text']);
  }
  return parts;
}
