/**
 * Tokens and money: what a call can cost at most, what it did cost, and what it probably cost when
 * its provider did not say.
 *
 * M1. `boundInput` never undercounts. A token of text covers at least one byte, and JSON only makes
 *     text longer, so text has at most as many tokens as the body has bytes; the tokens that chat
 *     templates put around a message are fewer than the bytes of its JSON. What is not text has a
 *     constant of its own, and nothing exceeds the context of the model.
 */

import type { PicoUsd } from '@sagewai/wire';

import type { Price } from './price.ts';
import type { Usage } from './usage.ts';

// The dearest image we know of: gpt-4o-mini bills 2,833 + 8 tiles × 5,667 = 48,169 tokens.
export const IMAGE_TOKENS_MAX = 50_000;
// What providers add by themselves for tools and templates (Anthropic's tool prompt: about 530).
export const PROVIDER_PROMPT_TOKENS_MAX = 1_024;
// For a file or a recording whose model has no known context: the largest context in common use.
export const CONTEXT_TOKENS_UNKNOWN = 2_000_000;

/** What a prompt holds beside text. */
export interface PromptParts {
  readonly images: number;
  /** Files, recordings, videos: their bytes say nothing about their tokens. */
  readonly opaque: number;
  /** A longer context is asked for than the one that is known of the model. */
  readonly isLong: boolean;
  /** Text that is read again and again, or that a translation adds: as many bytes more than the body has. */
  readonly repeatedBytes?: number;
}

const TEXT_PARTS = new Set(['text', 'refusal', 'thinking']);
const IMAGE_PARTS = new Set(['image_url', 'image', 'input_image']);

export function countParts(messages: readonly unknown[]): PromptParts {
  let images = 0;
  let opaque = 0;
  for (const message of messages) {
    const { content, audio, ...rest } = (message ?? {}) as { content?: unknown; audio?: unknown };
    // An earlier recording, named by its id; or a name that the parser may have misread
    // (find-fields.ts), behind which anything may hide.
    if ((audio !== undefined && audio !== null) || '\\' in rest) opaque++;
    if (!Array.isArray(content)) continue;
    for (const part of content as readonly ({ type?: unknown } | null)[]) {
      const type = part?.type;
      if (typeof type === 'string' && TEXT_PARTS.has(type)) continue;
      if (typeof type === 'string' && IMAGE_PARTS.has(type)) images++;
      else opaque++;
    }
  }
  return { images, opaque, isLong: false };
}

/** The most tokens of input that a body of so many bytes can be charged as (M1). */
export function boundInput(
  bodyBytes: number,
  parts: PromptParts,
  contextTokensMax: number | undefined,
): number {
  const context = contextTokensMax ?? CONTEXT_TOKENS_UNKNOWN;
  if (parts.opaque > 0) return context;
  const counted =
    bodyBytes +
    (parts.repeatedBytes ?? 0) +
    parts.images * IMAGE_TOKENS_MAX +
    PROVIDER_PROMPT_TOKENS_MAX;
  return contextTokensMax === undefined ? counted : Math.min(counted, contextTokensMax);
}

/** What a usage costs, exactly. */
export function costOf(price: Price, usage: Usage): PicoUsd {
  const tier = price.tiers.findLast(({ inputTokensAbove }) => usage.input > inputTokensAbove);
  const rates = tier?.rates ?? price.rates;
  const { cachedAudio = 0, inputImage = 0, outputImage = 0 } = usage;
  const plainInput =
    usage.input - usage.cachedInput - usage.cacheWrite - usage.inputAudio - inputImage;
  const plainOutput = usage.output - usage.outputAudio - outputImage;
  return (
    price.perCall +
    (price.perSearch ?? 0n) * BigInt(usage.searches ?? 0) +
    (price.perUnit ?? 0n) * BigInt(usage.units ?? 0) +
    rates.input * BigInt(plainInput) +
    (rates.inputImage ?? rates.input) * BigInt(inputImage) +
    rates.cachedInput * BigInt(usage.cachedInput - cachedAudio) +
    (rates.cachedAudio ?? rates.cachedInput) * BigInt(cachedAudio) +
    rates.cacheWrite * BigInt(usage.cacheWrite - usage.cacheWriteHour) +
    rates.cacheWriteHour * BigInt(usage.cacheWriteHour) +
    rates.inputAudio * BigInt(usage.inputAudio) +
    rates.output * BigInt(plainOutput) +
    (rates.outputImage ?? rates.output) * BigInt(outputImage) +
    rates.outputAudio * BigInt(usage.outputAudio)
  );
}

// Prose in most languages has three to four bytes a token; three leans to the dear side.
const BYTES_PER_TOKEN = 3;

/**
 * What a call probably consumed whose provider never said; always marked as an estimate (M3). `begun` is
 * what it had said when it began: its input is no guess then.
 */
export function estimateUsage(
  bodyBytes: number,
  seen: { readonly outputBytes: number; readonly outputChunks: number },
  limits: { readonly inputMax: number; readonly outputMax: number },
  begun?: Usage,
): Usage {
  const input = Math.ceil(bodyBytes / BYTES_PER_TOKEN);
  const output = Math.max(Math.ceil(seen.outputBytes / BYTES_PER_TOKEN), seen.outputChunks);
  if (begun !== undefined) return { ...begun, output: Math.min(output, limits.outputMax) };
  return {
    input: Math.min(input, limits.inputMax),
    cachedInput: 0,
    cacheWrite: 0,
    cacheWriteHour: 0,
    inputAudio: 0,
    output: Math.min(output, limits.outputMax),
    outputAudio: 0,
  };
}
