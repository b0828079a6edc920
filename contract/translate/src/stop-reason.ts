/** OpenAI's `finish_reason`, and Anthropic's `stop_reason`. */

const TO_CHAT: Readonly<Record<string, string>> = {
  end_turn: 'stop',
  stop_sequence: 'stop',
  max_tokens: 'length',
  model_context_window_exceeded: 'length',
  tool_use: 'tool_calls',
  refusal: 'content_filter',
  // The turn is not over: no other word comes nearer to "ask me to go on".
  pause_turn: 'length',
};

const TO_MESSAGES: Readonly<Record<string, string>> = {
  stop: 'end_turn',
  length: 'max_tokens',
  tool_calls: 'tool_use',
  function_call: 'tool_use',
  content_filter: 'refusal',
};

export const finishReasonOf = (stopReason: string | null): string =>
  TO_CHAT[stopReason ?? ''] ?? 'stop';

/** Some providers say `stop` although there are tool calls: those decide. */
export function stopReasonOf(finishReason: string | null, hasToolCalls: boolean): string {
  const reason = TO_MESSAGES[finishReason ?? ''] ?? 'end_turn';
  return hasToolCalls && reason === 'end_turn' ? 'tool_use' : reason;
}
