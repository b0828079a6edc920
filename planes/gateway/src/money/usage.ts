/**
 * What a provider says a call consumed, in tokens. Cached, written and audio tokens are parts of
 * `input`; `outputAudio` is part of `output`, as reasoning is.
 */
export interface Usage {
  readonly input: number;
  readonly cachedInput: number;
  /** Of `cachedInput`, what is recordings. */
  readonly cachedAudio?: number;
  readonly cacheWrite: number;
  /** Of `cacheWrite`, what is kept for an hour. */
  readonly cacheWriteHour: number;
  readonly inputAudio: number;
  readonly output: number;
  readonly outputAudio: number;
  /** Searches of the web that the provider made, each of which has a fee. */
  readonly searches?: number;
  /** Parts of `input` and `output` that are pictures. */
  readonly inputImage?: number;
  readonly outputImage?: number;
  /** What is charged by the piece. */
  readonly units?: number;
}

export const NO_USAGE: Usage = {
  input: 0,
  cachedInput: 0,
  cacheWrite: 0,
  cacheWriteHour: 0,
  inputAudio: 0,
  output: 0,
  outputAudio: 0,
};

/**
 * Reads the `usage` of an answer or of a chunk. `undefined` when there is none, or when it cannot be
 * one: a negative or fractional count is no count, and must not be spent.
 */
export function readUsage(body: unknown): Usage | undefined {
  const usage = fieldOf(body, 'usage');
  const input = countOf(usage, 'prompt_tokens');
  const output = countOf(usage, 'completion_tokens');
  if (input === undefined || output === undefined) return undefined;
  const of = fieldOf(usage, 'prompt_tokens_details');
  const cachedInput = atMost(input, countOf(of, 'cached_tokens'));
  const written =
    countOf(of, 'cache_write_tokens') ?? countOf(usage, 'cache_creation_input_tokens');
  const cacheWrite = atMost(input - cachedInput, written);
  const audio = countOf(of, 'audio_tokens');
  const outputAudio = countOf(fieldOf(usage, 'completion_tokens_details'), 'audio_tokens');
  return {
    input,
    cachedInput,
    cacheWrite,
    cacheWriteHour: 0,
    inputAudio: atMost(input - cachedInput - cacheWrite, audio),
    output,
    outputAudio: atMost(output, outputAudio),
  };
}

/** The `usage` of Responses: the same sums under other names. */
export function readInputUsage(answer: unknown): Usage | undefined {
  const usage = fieldOf(answer, 'usage');
  return readUsage({
    usage: {
      prompt_tokens: fieldOf(usage, 'input_tokens'),
      completion_tokens: fieldOf(usage, 'output_tokens'),
      prompt_tokens_details: fieldOf(usage, 'input_tokens_details'),
      completion_tokens_details: fieldOf(usage, 'output_tokens_details'),
    },
  });
}

/** The `usage` of what only reads. Some tell nothing but the sum, which is the same. */
export function readInputOnly(answer: unknown): Usage | undefined {
  const usage = fieldOf(answer, 'usage');
  const input = countOf(usage, 'prompt_tokens') ?? countOf(usage, 'total_tokens');
  return readUsage({ usage: { prompt_tokens: input, completion_tokens: 0 } });
}

export function fieldOf(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null) return undefined;
  return (value as Record<string, unknown>)[name];
}

export function countOf(value: unknown, name: string): number | undefined {
  const count = fieldOf(value, name);
  return typeof count === 'number' && Number.isSafeInteger(count) && count >= 0 ? count : undefined;
}

export function atMost(whole: number, part: number | undefined): number {
  return part === undefined ? 0 : Math.min(whole, part);
}
