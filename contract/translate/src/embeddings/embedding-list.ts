import { type Json, type JsonObject, numberOf } from '../json.ts';

export interface EmbeddingsTold {
  readonly model: string;
  readonly isBase64: boolean;
  /** What is told where the provider does not say. */
  readonly inputTokens: number;
}

/** OpenAI's answer to `/v1/embeddings`. */
export function embeddingList(
  vectors: readonly (readonly Json[])[],
  told: number,
  { model, isBase64, inputTokens }: EmbeddingsTold,
): JsonObject {
  const tokens = told || inputTokens;
  return {
    object: 'list',
    model,
    data: vectors.map((values, index) => ({
      object: 'embedding',
      index,
      embedding: isBase64 ? toBase64(values) : [...values],
    })),
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
