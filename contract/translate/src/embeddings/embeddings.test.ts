import { describe, expect, test } from 'vitest';

import { bedrockToEmbeddings, embeddingsToBedrock } from './bedrock.ts';
import { embeddingsToVertex, vertexEmbeddingTokens, vertexToEmbeddings } from './vertex.ts';

const OF = { model: 'm', isBase64: false, inputTokens: 9 };

describe('embeddings at Bedrock', () => {
  const TITAN = 'eu.amazon.titan-embed-text-v2:0';

  test('are asked for in the words of the model', () => {
    expect(embeddingsToBedrock({ input: 'a', dimensions: 256, user: 'u' }, TITAN)).toEqual({
      body: { inputText: 'a', dimensions: 256 },
      lost: ['user'],
    });
    // The first of them has one size.
    const first = embeddingsToBedrock(
      { input: ['a'], dimensions: 256 },
      'amazon.titan-embed-text-v1',
    );
    expect(first).toEqual({ body: { inputText: 'a' }, lost: ['dimensions'] });
    expect(embeddingsToBedrock({ input: ['a', 'b'] }, 'cohere.embed-multilingual-v3').body).toEqual(
      {
        texts: ['a', 'b'],
        input_type: 'search_document',
        embedding_types: ['float'],
      },
    );
    const fourth = embeddingsToBedrock({ input: 'a', dimensions: 512 }, 'us.cohere.embed-v4:0');
    expect(fourth.body).toMatchObject({ output_dimension: 512 });
  });

  test.each([
    [{ input: ['a', 'b'] }, TITAN, /one text a request/],
    [{ input: [[1, 2]] }, TITAN, /tokenizer/],
    [{ input: Array.from({ length: 97 }, () => 'a') }, 'cohere.embed-english-v3', /96 texts/],
    [{ input: 'a' }, 'amazon.nova-pro-v1:0', /no model of embeddings/],
  ])('that cannot be said are refused', (request, model, words) => {
    expect(() => embeddingsToBedrock(request, model)).toThrow(words);
  });

  test('are told as OpenAI tells them', () => {
    expect(bedrockToEmbeddings({ embedding: [0.5], inputTextTokenCount: 3 }, OF)).toEqual({
      object: 'list',
      model: 'm',
      data: [{ object: 'embedding', index: 0, embedding: [0.5] }],
      usage: { prompt_tokens: 3, total_tokens: 3 },
    });
    for (const embeddings of [[[1], [2]], { float: [[1], [2]] }]) {
      expect(bedrockToEmbeddings({ embeddings }, OF)).toMatchObject({
        data: [{ embedding: [1] }, { index: 1, embedding: [2] }],
        usage: { prompt_tokens: 9 },
      });
    }
    const packed = bedrockToEmbeddings({ embedding: [1] }, { ...OF, isBase64: true });
    expect(packed).toMatchObject({ data: [{ embedding: 'AACAPw==' }] });
  });
});

describe('embeddings at Vertex AI', () => {
  const told = (...counts: unknown[]) => ({
    predictions: counts.map((token_count) => ({
      embeddings: { values: [0.5], statistics: { token_count } },
    })),
  });

  test('are predictions, one for each text, none of which loses its end in silence', () => {
    expect(embeddingsToVertex({ input: ['a', 'b'], dimensions: 2 })).toEqual({
      body: {
        instances: [{ content: 'a' }, { content: 'b' }],
        parameters: { autoTruncate: false, outputDimensionality: 2 },
      },
      lost: [],
    });
    expect(() => embeddingsToVertex({ input: [1, 2] })).toThrow(/tokenizer/);
    expect(vertexToEmbeddings(told(2, 3) as never, OF)).toMatchObject({
      data: [{ embedding: [0.5] }, { index: 1 }],
      usage: { prompt_tokens: 5, total_tokens: 5 },
    });
  });

  test('whose usage is not told of every text are estimated', () => {
    expect(vertexEmbeddingTokens(told(2, 3) as never)).toBe(5);
    for (const counts of [[2, null], [-1], [1.5], []])
      expect(vertexEmbeddingTokens(told(...counts) as never)).toBeUndefined();
  });
});
