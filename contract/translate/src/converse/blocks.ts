/** Parts of a chat's content, as blocks of Bedrock's Converse. */
import { isObject, type Json, type JsonObject, objectsOf, textOf } from '../json.ts';
import { type Losses, Untranslatable } from '../translation.ts';

const DATA_URL = /^data:([^;,]+)(?:;[^,]*)?;base64,(.*)$/s;
const IMAGES: Readonly<Record<string, string>> = {
  'image/png': 'png',
  'image/jpeg': 'jpeg',
  'image/jpg': 'jpeg',
  'image/gif': 'gif',
  'image/webp': 'webp',
};
const DOCUMENTS: Readonly<Record<string, string>> = {
  'application/pdf': 'pdf',
  'text/csv': 'csv',
  'application/msword': 'doc',
  'application/vnd.openxmlformats-officedocument.wordprocessingml.document': 'docx',
  'application/vnd.ms-excel': 'xls',
  'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet': 'xlsx',
  'text/html': 'html',
  'text/plain': 'txt',
  'text/markdown': 'md',
};

export interface BlockWriter {
  readonly losses: Losses;
  /** Whether the model takes marks of the cache; others refuse them. */
  readonly takesCacheMarks: boolean;
  /** Names of documents must differ within a request. */
  documents: number;
}

export function blocksFor(content: Json | undefined, of: BlockWriter): JsonObject[] {
  if (typeof content === 'string') return textBlock(content);
  return objectsOf(content).flatMap((part) => [
    ...blockFor(part, of),
    ...cachePoint(part['cache_control'], of),
  ]);
}

/** Bedrock refuses texts of nothing but white space. */
export const textBlock = (text: string): JsonObject[] => (text.trim() === '' ? [] : [{ text }]);

export function cachePoint(mark: Json | undefined, of: BlockWriter): JsonObject[] {
  if (!isObject(mark)) return [];
  if (!of.takesCacheMarks) {
    of.losses.add('cache_control');
    return [];
  }
  const ttl = mark['ttl'] === '1h' ? { ttl: '1h' } : {};
  return [{ cachePoint: { type: 'default', ...ttl } }];
}

function blockFor(part: JsonObject, of: BlockWriter): JsonObject[] {
  const type = textOf(part['type']);
  switch (type) {
    case 'text':
    case 'input_text':
    case 'output_text':
      return textBlock(textOf(part['text']));
    case 'refusal':
      return textBlock(textOf(part['refusal']));
    case 'image_url': {
      const image = part['image_url'];
      return [imageFor(isObject(image) ? textOf(image['url']) : textOf(image))];
    }
    case 'file': {
      const file = isObject(part['file']) ? part['file'] : {};
      const [, mediaType = '', bytes] = DATA_URL.exec(textOf(file['file_data'])) ?? [];
      const format = DOCUMENTS[mediaType];
      if (bytes === undefined || format === undefined) {
        of.losses.add(`messages.content.file${bytes === undefined ? '.file_id' : ''}`);
        return [];
      }
      of.documents++;
      const name = nameFor(textOf(file['filename']), of.documents);
      return [{ document: { format, name, source: { bytes } } }];
    }
    default:
      of.losses.add(`messages.content.${type || 'unknown'}`);
      return [];
  }
}

/** A question about a picture without the picture is another question. */
function imageFor(url: string): JsonObject {
  const [, mediaType = '', bytes] = DATA_URL.exec(url) ?? [];
  const format = IMAGES[mediaType];
  if (bytes === undefined || format === undefined) {
    throw new Untranslatable(
      'messages',
      'Bedrock fetches no pictures: send png, jpeg, gif or webp in a data: URL',
    );
  }
  return { image: { format, source: { bytes } } };
}

function nameFor(filename: string, at: number): string {
  const bare = filename.replace(/\.[^.]*$/, '').replaceAll(/[^A-Za-z0-9 ()[\]-]+/g, '-');
  return `${bare.replaceAll(/ +/g, ' ').slice(0, 100) || 'document'} ${at}`;
}
