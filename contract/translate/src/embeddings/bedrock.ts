/** OpenAI's embeddings, in the words of the models that Bedrock invokes: Titan's and Cohere's. */
import { isObject, type JsonObject, listOf, numberOf } from '../json.ts';
import { Losses, type Translation, Untranslatable } from '../translation.ts';
import { embeddingList, type EmbeddingsTold } from './embedding-list.ts';

/** Where requests run in another region the name has one before it. */
const TITAN = /(?:^|\.)amazon\.titan-embed-text-v(\d)/;
const COHERE = /(?:^|\.)cohere\.embed-/;
const COHERE_TEXTS_MAX = 96;

/** For `/invoke`. Throws `Untranslatable`. */
export function embeddingsToBedrock(request: JsonObject, model: string): Translation {
  const losses = new Losses();
  losses.addPresent(request, ['user']);
  const { input } = request;
  const texts = (typeof input === 'string' ? [input] : listOf(input)).map((text) => {
    if (typeof text === 'string') return text;
    throw new Untranslatable('input', 'tokens are of a tokenizer that this model does not have');
  });
  const dimensions = numberOf(request['dimensions']) ?? undefined;
  const titan = TITAN.exec(model)?.[1];
  if (titan !== undefined) {
    const [text = ''] = texts;
    if (texts.length !== 1)
      throw new Untranslatable('input', 'this model takes one text a request: send each alone');
    const takesSize = titan !== '1';
    if (dimensions !== undefined && !takesSize) losses.add('dimensions');
    const size = dimensions !== undefined && takesSize ? { dimensions } : {};
    return { body: { inputText: text, ...size }, lost: losses.list() };
  }
  if (!COHERE.test(model))
    throw new Untranslatable('model', 'is at Bedrock no model of embeddings that is known here');
  if (texts.length > COHERE_TEXTS_MAX)
    throw new Untranslatable('input', `this model takes ${COHERE_TEXTS_MAX} texts a request`);
  const isFourth = model.includes('cohere.embed-v4');
  if (dimensions !== undefined && !isFourth) losses.add('dimensions');
  const size = dimensions !== undefined && isFourth ? { output_dimension: dimensions } : {};
  // What is stored and what is looked for are embedded alike, as by models that know no difference.
  return {
    body: { texts, input_type: 'search_document', embedding_types: ['float'], ...size },
    lost: losses.list(),
  };
}

/** Cohere's tell no usage in their bodies. */
export function bedrockToEmbeddings(answer: JsonObject, of: EmbeddingsTold): JsonObject {
  const { embedding, embeddings } = answer;
  const vectors =
    embedding === undefined
      ? listOf(isObject(embeddings) ? embeddings['float'] : embeddings).map(listOf)
      : [listOf(embedding)];
  return embeddingList(vectors, numberOf(answer['inputTextTokenCount']) ?? 0, of);
}
