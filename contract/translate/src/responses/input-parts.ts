import { compact, type Json, type JsonObject, objectsOf, textOf } from '../json.ts';
import { type Losses, Untranslatable } from '../translation.ts';

/** The content of a message or the output of a call, as parts of a message. */
export function partsOfInput(content: Json | undefined, losses: Losses): JsonObject[] {
  if (typeof content === 'string') return [{ type: 'text', text: content }];
  return objectsOf(content).flatMap((part) => partOf(part, losses));
}

function partOf(part: JsonObject, losses: Losses): JsonObject[] {
  const cached = { cache_control: part['cache_control'] };
  const type = textOf(part['type']);
  switch (type) {
    case 'input_text':
    case 'output_text':
    case 'text':
      return [compact({ type: 'text', text: textOf(part['text']), ...cached })];
    case 'refusal':
      return [{ type: 'text', text: textOf(part['refusal']) }];
    case 'input_image':
      return [compact({ type: 'image_url', image_url: imageOf(part), ...cached })];
    case 'input_file':
      return [compact({ type: 'file', file: fileOf(part), ...cached })];
    // Chat's own words, in a list of Responses: some clients mix them.
    case 'image_url':
    case 'file':
    case 'input_audio':
      return [part];
    default:
      losses.add(`input.content.${type || 'unknown'}`);
      return [];
  }
}

/** A picture at a URL, or as data; `detail` of chat knows fewer words. */
function imageOf(part: JsonObject): JsonObject {
  const url = textOf(part['image_url']);
  if (url === '') throw new Untranslatable('input', 'an image must be a URL, not the id of a file');
  const detail = textOf(part['detail']);
  return compact({ url, detail: detail === '' || detail === 'original' ? undefined : detail });
}

function fileOf(part: JsonObject): JsonObject {
  const data = textOf(part['file_data']);
  const id = textOf(part['file_id']);
  if (data === '' && id === '') {
    const what = part['file_url'] !== undefined ? 'at a URL' : 'without data';
    throw new Untranslatable('input', `a file ${what} cannot be passed on: send \`file_data\``);
  }
  return compact({
    filename: part['filename'],
    file_data: data === '' ? undefined : data,
    file_id: data === '' ? id : undefined,
  });
}
