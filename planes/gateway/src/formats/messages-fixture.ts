/** Answers of Anthropic's, for tests. */
export const eventOf = (data: { readonly type: string } & Record<string, unknown>): string =>
  `event: ${data.type}\ndata: ${JSON.stringify(data)}\n\n`;

export const MESSAGE = {
  id: 'msg_1',
  type: 'message',
  role: 'assistant',
  model: 'claude-upstream',
  content: [{ type: 'text', text: 'hi' }],
  stop_reason: 'end_turn',
  stop_sequence: null,
  usage: {
    input_tokens: 10,
    cache_creation_input_tokens: 30,
    cache_read_input_tokens: 4,
    cache_creation: { ephemeral_5m_input_tokens: 20, ephemeral_1h_input_tokens: 10 },
    output_tokens: 5,
    service_tier: 'standard',
  },
};

export const START = eventOf({
  type: 'message_start',
  message: {
    ...MESSAGE,
    content: [],
    stop_reason: null,
    usage: { ...MESSAGE.usage, input_tokens: 100, output_tokens: 1 },
  },
});
export const PING = eventOf({ type: 'ping' });
export const BLOCK = eventOf({
  type: 'content_block_start',
  index: 0,
  content_block: { type: 'text', text: '' },
});
export const said = (text: string, index = 0): string =>
  eventOf({ type: 'content_block_delta', index, delta: { type: 'text_delta', text } });
export const BLOCK_END = eventOf({ type: 'content_block_stop', index: 0 });
/** The whole of the usage, which may be less than what the beginning told. */
export const DELTA = eventOf({
  type: 'message_delta',
  delta: { stop_reason: 'end_turn', stop_sequence: null },
  usage: { input_tokens: 10, output_tokens: 5 },
});
export const STOP = eventOf({ type: 'message_stop' });
export const STREAM = [START, BLOCK, PING, said('hé'), said('llo'), BLOCK_END, DELTA, STOP];
