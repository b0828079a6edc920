/** OpenAI's embeddings, in Gemini's words and back. */
import { compact, type Json, type JsonObject, listOf, numberOf, objectsOf } from '../json.ts';
import { Losses, type Translation, Untranslatable } from '../translation.ts';
import { geminiUsageToChat } from './gemini-answer-to-chat.ts';

/** A request to `/v1/embeddings`, for `:batchEmbedContents`. Throws `Untranslatable`. */
export function embeddingsToGemini(request: JsonObject, model: string): Translation {
  const losses = new Losses();
  losses.addPresent(request, ['user']);
  const { input } = request;
  const texts = typeof input === 'string' ? [input] : listOf(input);
  const outputDimensionality = numberOf(request['dimensions']) ?? undefined;
  const requests = texts.map((text) => {
    if (typeof text !== 'string')
      throw new Untranslatable('input', 'tokens are of a tokenizer that Gemini does not have');
    return compact({
      model: `models/${model}`,
      content: { parts: [{ text }] },
      outputDimensionality,
    });
  });
  return { body: { requests }, lost: losses.list() };
}

export function geminiToEmbeddings(
  answer: JsonObject,
  of: { readonly model: string; readonly isBase64: boolean; readonly inputTokens: number },
): JsonObject {
  const told = geminiUsageToChat(answer['usageMetadata'])['prompt_tokens'];
  const tokens = numberOf(told) || of.inputTokens;
  return {
    object: 'list',
    model: of.model,
    data: objectsOf(answer['embeddings']).map((each, index) => {
      const values = listOf(each['values']);
      return {
        object: 'embedding',
        index,
        embedding: of.isBase64 ? toBase64(values) : values,
      };
    }),
    usage: { prompt_tokens: tokens, total_tokens: tokens },
  };
}

/** Little-endian floats of four bytes, as OpenAI packs them. */
function toBase64(values: readonly Json[]): string {
  const bytes = new DataView(new ArrayBuffer(values.length * 4));
  for (const [at, value] of values.entries()) bytes.setFloat32(at * 4, numberOf(value) ?? 0, true);
  let text = '';
  for (const byte of new Uint8Array(bytes.buffer)) text += String.fromCharCode(byte);
  return btoa(text);
}
