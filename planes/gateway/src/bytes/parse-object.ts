import { isObject, type JsonObject } from '@sagewai/translate';

/** Undefined: it is no object of JSON. */
export function parseObject(text: Buffer): JsonObject | undefined {
  try {
    const parsed: unknown = JSON.parse(text.toString());
    return isObject(parsed) ? parsed : undefined;
  } catch {
    return undefined;
  }
}
