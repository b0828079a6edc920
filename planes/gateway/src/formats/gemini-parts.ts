import { isObject, type Json, type JsonObject } from '@sagewai/translate';

import type { PromptParts } from '../money/meter.ts';

const TEXTS = new Set([
  'text',
  'thought',
  'thoughtSignature',
  'functionCall',
  'functionResponse',
  'executableCode',
  'codeExecutionResult',
]);

/** What a prompt of Gemini's holds beside text: pictures in it, and whatever else or elsewhere (M1). */
export function countGeminiParts(contents: unknown): PromptParts {
  let images = 0;
  let opaque = 0;
  for (const content of objectsOf(contents)) {
    // A name that the parser may have misread (find-fields.ts), behind which anything may hide.
    if ('\\' in content) opaque++;
    for (const part of objectsOf(content['parts'])) {
      for (const name of Object.keys(part)) {
        if (TEXTS.has(name) && !hasParts(part[name])) continue;
        if (isImage(part[name])) images++;
        else opaque++;
      }
    }
  }
  return { images, opaque, isLong: false };
}

/** A result may hold pictures and files of its own. */
const hasParts = (value: Json | undefined): boolean =>
  isObject(value) && value['parts'] !== undefined;

function isImage(value: Json | undefined): boolean {
  const mimeType = isObject(value) ? (value['mimeType'] ?? value['mime_type']) : undefined;
  return typeof mimeType === 'string' && mimeType.startsWith('image/');
}

/** One that stands alone is taken for a list of one. */
const objectsOf = (value: unknown): readonly JsonObject[] =>
  (Array.isArray(value) ? (value as readonly unknown[]) : [value]).filter(isObject);
