/** Parts of a chat's content, in Gemini's words. */
import { compact, isObject, type Json, type JsonObject, objectsOf, textOf } from '../json.ts';
import { type Losses, Untranslatable } from '../translation.ts';

const DATA_URL = /^data:([^;,]+)(?:;[^,]*)?;base64,(.*)$/s;

const MEDIA_TYPES: Readonly<Record<string, string>> = {
  png: 'image/png',
  jpg: 'image/jpeg',
  jpeg: 'image/jpeg',
  webp: 'image/webp',
  gif: 'image/gif',
  heic: 'image/heic',
  heif: 'image/heif',
  pdf: 'application/pdf',
  txt: 'text/plain',
  mp3: 'audio/mp3',
  wav: 'audio/wav',
  mp4: 'video/mp4',
};

export function partsOf(content: Json | undefined, losses: Losses): JsonObject[] {
  if (typeof content === 'string') return content === '' ? [] : [{ text: content }];
  return objectsOf(content).flatMap((part) => partOf(part, losses));
}

/** The text of a content alone. */
export function joinTexts(content: Json | undefined): string {
  if (typeof content === 'string') return content;
  return objectsOf(content)
    .map((part) => textOf(part['text']) || textOf(part['refusal']))
    .join('');
}

/** One, or none where Gemini cannot say it. */
function partOf(part: JsonObject, losses: Losses): JsonObject[] {
  const type = textOf(part['type']);
  switch (type) {
    case 'text':
    case 'input_text':
    case 'output_text':
      return textPart(part['text']);
    case 'refusal':
      return textPart(part['refusal']);
    case 'image_url': {
      const image = part['image_url'];
      const url = isObject(image) ? textOf(image['url']) : textOf(image);
      return [mediaPart(url, isObject(image) ? textOf(image['format']) : '', 'image/jpeg')];
    }
    case 'input_audio': {
      const audio = isObject(part['input_audio']) ? part['input_audio'] : {};
      const mimeType = `audio/${textOf(audio['format']) || 'wav'}`;
      return [{ inlineData: { mimeType, data: textOf(audio['data']) } }];
    }
    case 'file': {
      const file = isObject(part['file']) ? part['file'] : {};
      const place = textOf(file['file_data']) || textOf(file['file_id']);
      if (DATA_URL.test(place) || /^(?:https?|gs):/i.test(place))
        return [mediaPart(place, textOf(file['format']), 'application/pdf')];
      losses.add('messages.content.file.file_id');
      return [];
    }
    default:
      losses.add(`messages.content.${type || 'unknown'}`);
      return [];
  }
}

const textPart = (text: Json | undefined): JsonObject[] =>
  textOf(text) === '' ? [] : [{ text: textOf(text) }];

/** Bytes travel in the request; what is somewhere else is named, and Gemini fetches it. */
function mediaPart(url: string, stated: string, fallback: string): JsonObject {
  if (/^\s*gs:/i.test(url)) {
    const why = 'what is in a bucket is read as the operator, whoever asks: send its bytes';
    throw new Untranslatable('messages', why);
  }
  const [, mediaType, data] = DATA_URL.exec(url) ?? [];
  if (mediaType !== undefined && data !== undefined)
    return { inlineData: { mimeType: stated || mediaType, data } };
  const [, ending = ''] = /\.([a-z0-9]{2,4})(?:[?#]|$)/i.exec(url) ?? [];
  const mimeType = stated || MEDIA_TYPES[ending.toLowerCase()] || fallback;
  return compact({ fileData: { mimeType, fileUri: url } });
}
