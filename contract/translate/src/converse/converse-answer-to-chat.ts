import { chatErrorType } from '../errors.ts';
import { compact, isObject, type JsonObject, numberOf, objectsOf, textOf } from '../json.ts';
import { usageToChat } from '../usage.ts';

const FINISH: Readonly<Record<string, string>> = {
  tool_use: 'tool_calls',
  max_tokens: 'length',
  model_context_window_exceeded: 'length',
  guardrail_intervened: 'content_filter',
  content_filtered: 'content_filter',
};

export const finishReasonFrom = (stopReason: unknown): string =>
  FINISH[textOf(stopReason)] ?? 'stop';

/** Bedrock counts as Anthropic does: what came from a cache, or went into it, is counted apart. */
export function converseUsageToChat(given: unknown): JsonObject {
  const usage = isObject(given) ? given : {};
  return usageToChat(
    compact({
      input_tokens: numberOf(usage['inputTokens']) ?? 0,
      output_tokens: numberOf(usage['outputTokens']) ?? 0,
      cache_read_input_tokens: numberOf(usage['cacheReadInputTokens']) ?? undefined,
      cache_creation_input_tokens: numberOf(usage['cacheWriteInputTokens']) ?? undefined,
    }),
  );
}

/** A block of reasoning, as a block of `thinking_blocks`. */
function thoughtFrom(reasoning: JsonObject): JsonObject | undefined {
  const redacted = textOf(reasoning['redactedContent']);
  if (redacted !== '') return { type: 'redacted_thinking', data: redacted };
  const of = isObject(reasoning['reasoningText']) ? reasoning['reasoningText'] : {};
  const signature = textOf(of['signature']);
  // What nobody signed needs not come back.
  return signature === ''
    ? undefined
    : { type: 'thinking', thinking: textOf(of['text']), signature };
}

/**
 * The answer of `/converse`, as a chat completion. `createdAt`: seconds since 1970. `id`: Bedrock gives none, and
 * clients tell answers apart by it.
 */
export function converseToChatAnswer(
  answer: JsonObject,
  of: { readonly id: string; readonly model: string; readonly createdAt: number },
): JsonObject {
  const output = isObject(answer['output']) ? answer['output'] : {};
  const message = isObject(output['message']) ? output['message'] : {};
  let text = '';
  let thought = '';
  const thinking: JsonObject[] = [];
  const calls: JsonObject[] = [];
  for (const block of objectsOf(message['content'])) {
    text += textOf(block['text']);
    const { reasoningContent, toolUse } = block;
    if (isObject(reasoningContent)) {
      const plain = reasoningContent['reasoningText'];
      thought += isObject(plain) ? textOf(plain['text']) : '';
      const made = thoughtFrom(reasoningContent);
      if (made !== undefined) thinking.push(made);
    }
    if (isObject(toolUse)) {
      const args = JSON.stringify(toolUse['input'] ?? {});
      calls.push({
        id: textOf(toolUse['toolUseId']),
        type: 'function',
        function: { name: textOf(toolUse['name']), arguments: args },
      });
    }
  }
  return {
    id: of.id,
    object: 'chat.completion',
    created: of.createdAt,
    model: of.model,
    choices: [
      {
        index: 0,
        message: compact({
          role: 'assistant',
          content: text === '' && calls.length > 0 ? null : text,
          refusal: null,
          reasoning_content: thought === '' ? undefined : thought,
          thinking_blocks: thinking.length > 0 ? thinking : undefined,
          tool_calls: calls.length > 0 ? calls : undefined,
        }),
        logprobs: null,
        finish_reason: finishReasonFrom(answer['stopReason']),
      },
    ],
    usage: converseUsageToChat(answer['usage']),
  };
}

/** An error of Amazon's, whole or as the exception that ends a stream. */
export function converseErrorToChat(body: JsonObject, status: number): JsonObject {
  const message = textOf(body['message']) || textOf(body['Message']);
  return {
    error: {
      message: message || 'The provider gave no reason.',
      type: chatErrorType(status),
      param: null,
      code: textOf(body['__type']) || null,
    },
  };
}
