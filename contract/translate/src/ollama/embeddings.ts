/** Ollama's embeddings, in OpenAI's words and back. */
import { compact, type Json, type JsonObject, isObject, numberOf, objectsOf } from '../json.ts';
import { Losses, type Translation } from '../translation.ts';

/** A request to `/api/embed`, for `/v1/embeddings`. */
export function ollamaEmbedToEmbeddings(request: JsonObject): Translation {
  const losses = new Losses();
  losses.addPresent(request, ['keep_alive', 'truncate']);
  const options = isObject(request['options']) ? request['options'] : {};
  for (const name of Object.keys(options)) losses.add(`options.${name}`);
  const body = compact({
    model: request['model'],
    input: request['input'],
    dimensions: request['dimensions'] ?? undefined,
    encoding_format: 'float',
  });
  return { body, lost: losses.list() };
}

/** The answer, in the order of the texts. */
export function embeddingsToOllama(
  answer: JsonObject,
  of: { readonly model: string; readonly totalNs: number },
): JsonObject {
  const usage = isObject(answer['usage']) ? answer['usage'] : {};
  const made = objectsOf(answer['data']).toSorted(
    (a, b) => (numberOf(a['index']) ?? 0) - (numberOf(b['index']) ?? 0),
  );
  return {
    model: of.model,
    embeddings: made.map(({ embedding }): Json => embedding ?? []),
    total_duration: of.totalNs,
    load_duration: 0,
    prompt_eval_count: numberOf(usage['prompt_tokens']) ?? 0,
  };
}
