/** OpenAI's embeddings, in the words of Vertex AI's `:predict`. */
import { compact, isObject, type JsonObject, listOf, numberOf, objectsOf } from '../json.ts';
import { Losses, type Translation, Untranslatable } from '../translation.ts';
import { embeddingList, type EmbeddingsTold } from './embedding-list.ts';

/** Throws `Untranslatable`. */
export function embeddingsToVertex(request: JsonObject): Translation {
  const losses = new Losses();
  losses.addPresent(request, ['user']);
  const { input } = request;
  const instances = (typeof input === 'string' ? [input] : listOf(input)).map((content) => {
    if (typeof content === 'string') return { content };
    throw new Untranslatable('input', 'tokens are of a tokenizer that this model does not have');
  });
  const outputDimensionality = numberOf(request['dimensions']) ?? undefined;
  // A text that is too long is a mistake, as it is at OpenAI; else its end would be left out in silence.
  const parameters = compact({ autoTruncate: false, outputDimensionality });
  return { body: { instances, parameters }, lost: losses.list() };
}

export function vertexToEmbeddings(answer: JsonObject, of: EmbeddingsTold): JsonObject {
  const told = objectsOf(answer['predictions']).map(({ embeddings }) =>
    isObject(embeddings) ? embeddings : {},
  );
  return embeddingList(
    told.map(({ values }) => listOf(values)),
    vertexEmbeddingTokens(answer) ?? 0,
    of,
  );
}

/** Undefined: of one of the texts it does not say. */
export function vertexEmbeddingTokens(answer: JsonObject): number | undefined {
  let sum = 0;
  for (const { embeddings } of objectsOf(answer['predictions'])) {
    const about = isObject(embeddings) ? embeddings['statistics'] : undefined;
    const count = numberOf(isObject(about) ? about['token_count'] : undefined);
    if (count === null || count === undefined || !Number.isSafeInteger(count) || count < 0)
      return undefined;
    sum += count;
  }
  return sum === 0 ? undefined : sum;
}
