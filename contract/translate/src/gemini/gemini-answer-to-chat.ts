import { compact, isObject, type JsonObject, numberOf, objectsOf, textOf } from '../json.ts';
import { signedBlock, signedCall } from './signatures.ts';

/** How ids begin that Gemini did not give. */
export const MADE_UP = 'call_made_';

const FILTERED = new Set([
  'SAFETY',
  'RECITATION',
  'BLOCKLIST',
  'PROHIBITED_CONTENT',
  'SPII',
  'IMAGE_SAFETY',
  'IMAGE_PROHIBITED_CONTENT',
  'IMAGE_RECITATION',
]);

/** OpenAI's `finish_reason` for a `finishReason`. */
export function finishReasonFor(reason: string, hasCalls: boolean): string {
  if (reason === 'MAX_TOKENS') return 'length';
  if (FILTERED.has(reason)) return 'content_filter';
  return hasCalls ? 'tool_calls' : 'stop';
}

/** Why a prompt was not answered at all; empty where it was. */
export function blockedBecause(answer: JsonObject): string {
  const feedback = isObject(answer['promptFeedback']) ? answer['promptFeedback'] : {};
  const reason = textOf(feedback['blockReason']);
  return reason === '' ? '' : `The prompt was blocked: ${reason}.`;
}

/** Ids are unique within an answer, and the same each time it is read. */
export function callOf(
  functionCall: JsonObject,
  of: { readonly answerId: string; readonly candidate: number; readonly at: number },
): { readonly id: string; readonly name: string; readonly args: string } {
  const made = `${MADE_UP}${of.answerId.replaceAll(/[^\w-]/g, '')}_${of.candidate}_${of.at}`;
  const args = isObject(functionCall['args']) ? functionCall['args'] : {};
  return {
    id: textOf(functionCall['id']) || made,
    name: textOf(functionCall['name']),
    args: JSON.stringify(args),
  };
}

/** The answer of `:generateContent`, as a chat completion. `createdAt`: seconds since 1970. */
export function geminiToChatAnswer(
  answer: JsonObject,
  of: { readonly model: string; readonly createdAt: number },
): JsonObject {
  const answerId = textOf(answer['responseId']);
  const blocked = blockedBecause(answer);
  const choices = objectsOf(answer['candidates']).map((candidate, at) => {
    const index = numberOf(candidate['index']) ?? at;
    const message = messageOf(candidate, answerId, index);
    return {
      index,
      message,
      logprobs: null,
      finish_reason: finishReasonFor(textOf(candidate['finishReason']), 'tool_calls' in message),
    };
  });
  const refusal = {
    index: 0,
    message: { role: 'assistant', content: null, refusal: blocked || 'There is no answer.' },
    logprobs: null,
    finish_reason: 'content_filter',
  };
  return {
    id: answerId || `gemini-${of.createdAt}`,
    object: 'chat.completion',
    created: of.createdAt,
    model: textOf(answer['modelVersion']) || of.model,
    choices: choices.length > 0 ? choices : [refusal],
    usage: geminiUsageToChat(answer['usageMetadata']),
  };
}

function messageOf(candidate: JsonObject, answerId: string, index: number): JsonObject {
  const content = isObject(candidate['content']) ? candidate['content'] : {};
  let text = '';
  let thought = '';
  const calls: JsonObject[] = [];
  const signed: JsonObject[] = [];
  const images: JsonObject[] = [];
  for (const part of objectsOf(content['parts'])) {
    const signature = textOf(part['thoughtSignature']);
    const { functionCall } = part;
    if (isObject(functionCall)) {
      const made = callOf(functionCall, { answerId, candidate: index, at: calls.length });
      if (signature !== '') signed.push(signedBlock(calls.length, signature));
      calls.push({
        id: made.id,
        type: 'function',
        function: { name: made.name, arguments: made.args },
        ...signedCall(signature),
      });
      continue;
    }
    if (part['thought'] === true) thought += textOf(part['text']);
    else text += textOf(part['text']);
    if (signature !== '') signed.push(signedBlock('text', signature));
    images.push(...imageOf(part));
  }
  // Who reads the blocks alone still finds what was thought.
  const [first, ...others] = signed;
  const blocks = first === undefined ? [] : [{ ...first, thinking: thought }, ...others];
  return compact({
    role: 'assistant',
    content: text === '' && calls.length > 0 ? null : text,
    refusal: null,
    reasoning_content: thought === '' ? undefined : thought,
    thinking_blocks: blocks.length > 0 ? blocks : undefined,
    images: images.length > 0 ? images : undefined,
    tool_calls: calls.length > 0 ? calls : undefined,
  });
}

/** Pictures that the model made. */
export function imageOf(part: JsonObject): JsonObject[] {
  const inline = isObject(part['inlineData']) ? part['inlineData'] : {};
  const mimeType = textOf(inline['mimeType']);
  if (!mimeType.startsWith('image/')) return [];
  const url = `data:${mimeType};base64,${textOf(inline['data'])}`;
  return [{ type: 'image_url', image_url: { url } }];
}

const count = (value: unknown): number => Math.max(0, numberOf(value) ?? 0);

const ofModality = (details: unknown, modality: string): number =>
  objectsOf(details)
    .filter((each) => each['modality'] === modality)
    .reduce((sum, each) => sum + count(each['tokenCount']), 0);

/**
 * Gemini's prompt includes what came from a cache, and excludes what tools read; its candidates exclude
 * what was thought.
 */
export function geminiUsageToChat(given: unknown): JsonObject {
  const usage = isObject(given) ? given : {};
  const prompt = count(usage['promptTokenCount']) + count(usage['toolUsePromptTokenCount']);
  const thoughts = count(usage['thoughtsTokenCount']);
  const completion = count(usage['candidatesTokenCount']) + thoughts;
  return {
    prompt_tokens: prompt,
    completion_tokens: completion,
    total_tokens: prompt + completion,
    prompt_tokens_details: {
      cached_tokens: count(usage['cachedContentTokenCount']),
      audio_tokens: ofModality(usage['promptTokensDetails'], 'AUDIO'),
    },
    completion_tokens_details: {
      reasoning_tokens: thoughts,
      audio_tokens: ofModality(usage['candidatesTokensDetails'], 'AUDIO'),
    },
  };
}
