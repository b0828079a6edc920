import { isObject, type Json, type JsonObject } from '@sagewai/translate';

/**
 * A request without its marks of the cache. OpenAI and others refuse a field that they do not know, and
 * cache by themselves.
 */
export function stripCacheMarks(request: JsonObject): {
  readonly request: JsonObject;
  readonly hadAny: boolean;
} {
  let hadAny = false;
  const strip = (value: Json | undefined): Json | undefined => {
    if (Array.isArray(value)) return (value as readonly Json[]).map((each) => strip(each) ?? null);
    if (!isObject(value)) return value;
    const { cache_control: mark, ...rest } = value;
    if (mark !== undefined) hadAny = true;
    // What a tool is called with is the model's own, whatever its fields are named.
    return 'content' in rest ? { ...rest, content: strip(rest['content']) } : rest;
  };
  const { cache_control: mark, ...rest } = request;
  if (mark !== undefined) hadAny = true;
  const stripped = {
    ...rest,
    system: strip(rest['system']),
    tools: strip(rest['tools']),
    messages: strip(rest['messages']),
  };
  return { request: stripped, hadAny };
}
