/** OpenAI's embeddings, in Gemini's words and back. */
import { embeddingList, type EmbeddingsTold } from '../embeddings/embedding-list.ts';
import { compact, type JsonObject, listOf, numberOf, objectsOf } from '../json.ts';
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

export function geminiToEmbeddings(answer: JsonObject, of: EmbeddingsTold): JsonObject {
  const told = geminiUsageToChat(answer['usageMetadata'])['prompt_tokens'];
  const vectors = objectsOf(answer['embeddings']).map(({ values }) => listOf(values));
  return embeddingList(vectors, numberOf(told) ?? 0, of);
}
