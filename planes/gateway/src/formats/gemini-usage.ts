import { isObject } from '@sagewai/translate';

import type { Usage } from '../money/usage.ts';

/**
 * Gemini's `usageMetadata`. Its prompt is without what tools read, its candidates are without what was
 * thought; both are charged. `undefined` when it is none: a negative or fractional count is no count.
 */
export function readGeminiUsage(answer: unknown): Usage | undefined {
  const usage = isObject(answer) ? answer['usageMetadata'] : undefined;
  if (!isObject(usage)) return undefined;
  const prompt = countOf(usage['promptTokenCount']);
  if (prompt === undefined) return undefined;
  const input = prompt + (countOf(usage['toolUsePromptTokenCount']) ?? 0);
  const output =
    (countOf(usage['candidatesTokenCount']) ?? 0) + (countOf(usage['thoughtsTokenCount']) ?? 0);
  const cachedInput = Math.min(input, countOf(usage['cachedContentTokenCount']) ?? 0);
  const cachedAudio = Math.min(cachedInput, audioIn(usage['cacheTokensDetails']));
  const heard = Math.max(0, audioIn(usage['promptTokensDetails']) - cachedAudio);
  return {
    input,
    cachedInput,
    ...(cachedAudio > 0 ? { cachedAudio } : {}),
    cacheWrite: 0,
    cacheWriteHour: 0,
    inputAudio: Math.min(input - cachedInput, heard),
    output,
    outputAudio: Math.min(output, audioIn(usage['candidatesTokensDetails'])),
  };
}

function audioIn(details: unknown): number {
  if (!Array.isArray(details)) return 0;
  return (details as readonly unknown[])
    .filter(isObject)
    .filter(({ modality }) => modality === 'AUDIO')
    .reduce((sum, { tokenCount }) => sum + (countOf(tokenCount) ?? 0), 0);
}

function countOf(count: unknown): number | undefined {
  return typeof count === 'number' && Number.isSafeInteger(count) && count >= 0 ? count : undefined;
}
