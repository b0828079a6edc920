import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { chatAnswerToMessage } from './chat-answer-to-message.ts';
import { ChatStreamToMessages, type MessageEvent } from './chat-stream-to-messages.ts';
import { callDelta, chunkOf, chunksOf, completion } from './completion-fixture.ts';
import { isObject, type JsonObject, objectsOf } from './json.ts';
import { messageToChatAnswer } from './message-to-chat-answer.ts';
import { MessagesStreamToChat } from './messages-stream-to-chat.ts';
import { latestUsage, usageToChat, usageToMessages } from './usage.ts';

function streamed(chunks: readonly JsonObject[]): MessageEvent[] {
  const stream = new ChatStreamToMessages({ inputTokensEstimate: 7 });
  return [...chunks.flatMap((chunk) => stream.push(chunk)), ...stream.end()];
}

/** Puts events together as Anthropic's clients do, and refuses what they refuse. */
function fold(events: readonly MessageEvent[]): JsonObject {
  let message: { content: JsonObject[] } & Record<string, unknown> = { content: [] };
  let open: number | null = null;
  let json = '';
  for (const { event, data } of events) {
    expect(data['type']).toBe(event);
    switch (event) {
      case 'message_start':
        message = structuredClone(data['message']) as typeof message;
        break;
      case 'content_block_start':
        expect(open).toBeNull();
        expect(data['index']).toBe(message.content.length);
        open = data['index'] as number;
        message.content.push({ ...(data['content_block'] as JsonObject) });
        json = '';
        break;
      case 'content_block_delta': {
        expect(data['index']).toBe(open);
        const block = message.content.at(-1) as Record<string, unknown>;
        const delta = data['delta'] as Record<string, string>;
        const kind = {
          text: 'text_delta',
          thinking: 'thinking_delta',
          tool_use: 'input_json_delta',
        };
        expect(delta['type']).toBe(kind[block['type'] as keyof typeof kind]);
        if (block['type'] === 'text') block['text'] = `${block['text'] as string}${delta['text']}`;
        if (block['type'] === 'thinking') {
          block['thinking'] = `${block['thinking'] as string}${delta['thinking']}`;
        }
        json += delta['partial_json'] ?? '';
        break;
      }
      case 'content_block_stop': {
        const block = message.content.at(-1) as Record<string, unknown>;
        if (block['type'] === 'tool_use') block['input'] = JSON.parse(json);
        open = null;
        break;
      }
      case 'message_delta':
        expect(open).toBeNull();
        Object.assign(message, data['delta'], { usage: data['usage'] });
        break;
      case 'message_stop':
        return message as unknown as JsonObject;
      default:
        throw new Error(`what is ${event}?`);
    }
  }
  throw new Error('the message never ended');
}

describe('a streamed chat completion, for a client of Anthropic’s', () => {
  test('starts with the whole shape of usage, estimated', () => {
    const [start] = streamed([chunkOf({ role: 'assistant' })]);
    expect(start?.data['message']).toMatchObject({
      usage: {
        input_tokens: 7,
        output_tokens: 0,
        cache_creation_input_tokens: 0,
        cache_read_input_tokens: 0,
      },
    });
  });

  test('opens no block before its first delta, and the right one then', () => {
    const events = streamed([
      chunkOf({ role: 'assistant', content: '' }),
      chunkOf({ reasoning_content: 'hm' }),
      chunkOf({ content: 'yes' }, 'stop'),
    ]);
    expect(fold(events)['content']).toEqual([
      { type: 'thinking', thinking: 'hm', signature: '' },
      { type: 'text', text: 'yes' },
    ]);
  });

  test('keeps parallel calls apart, also where their pieces interleave and the first has index 0', () => {
    const events = streamed([
      chunkOf(callDelta(0, { id: 'a', function: { name: 'f', arguments: '' } })),
      chunkOf(callDelta(0, { function: { arguments: '{"x":' } })),
      chunkOf(callDelta(1, { id: 'b', function: { name: 'g', arguments: '{"y":2' } })),
      chunkOf(callDelta(0, { function: { arguments: '1}' } })),
      chunkOf(callDelta(1, { function: { arguments: '}' } }), 'tool_calls'),
    ]);
    expect(fold(events)['content']).toEqual([
      { type: 'tool_use', id: 'a', name: 'f', input: { x: 1 } },
      { type: 'tool_use', id: 'b', name: 'g', input: { y: 2 } },
    ]);
  });

  test('holds the end back until usage has come, and calls decide its reason', () => {
    const stream = new ChatStreamToMessages({ inputTokensEstimate: 0 });
    stream.push(chunkOf(callDelta(0, { id: 'a', function: { name: 'f', arguments: '' } }), 'stop'));
    const usage = {
      prompt_tokens: 10,
      completion_tokens: 3,
      prompt_tokens_details: { cached_tokens: 4 },
    };
    expect(stream.push({ choices: [], usage })).toEqual([]);
    const message = fold([
      { event: 'message_start', data: { type: 'message_start', message: { content: [] } } },
      {
        event: 'content_block_start',
        data: { type: 'content_block_start', index: 0, content_block: { type: 'tool_use' } },
      },
      ...stream.end(),
    ]);
    expect(message).toMatchObject({
      content: [{ input: {} }],
      stop_reason: 'tool_use',
      usage: { input_tokens: 6, cache_read_input_tokens: 4, output_tokens: 3 },
    });
    expect(stream.end()).toEqual([]);
  });
});

/** Puts chunks together as OpenAI's clients do. */
function foldChunks(chunks: readonly JsonObject[]): JsonObject {
  let content: string | null = null;
  let reasoning: string | undefined;
  const calls: { id: string; function: { name: string; arguments: string } }[] = [];
  let finish: unknown = null;
  let used: unknown;
  for (const chunk of chunks) {
    if (isObject(chunk['usage'])) used = chunk['usage'];
    const [choice] = objectsOf(chunk['choices']);
    const delta = (choice?.['delta'] ?? {}) as Record<string, unknown>;
    if (typeof delta['content'] === 'string' && delta['content'] !== '') {
      content = (content ?? '') + delta['content'];
    }
    if (typeof delta['reasoning_content'] === 'string') {
      reasoning = (reasoning ?? '') + delta['reasoning_content'];
    }
    for (const call of objectsOf(delta['tool_calls'] as JsonObject[])) {
      const at = call['index'] as number;
      const made = call['function'] as { name?: string; arguments: string };
      calls[at] ??= {
        id: call['id'] as string,
        function: { name: made.name ?? '', arguments: '' },
      };
      calls[at].function.arguments += made.arguments;
    }
    finish = choice?.['finish_reason'] ?? finish;
  }
  return { content, reasoning, calls, finish, used } as unknown as JsonObject;
}

describe('answers', () => {
  test('a streamed answer says what the whole one says', () => {
    fc.assert(
      fc.property(completion, fc.integer({ min: 1, max: 5 }), (answer, cut) => {
        const whole = chatAnswerToMessage(answer as unknown as JsonObject);
        const { usage: used, ...folded } = fold(
          streamed(chunksOf(answer as unknown as JsonObject, cut)),
        );
        expect({ ...folded, usage: used }).toEqual(whole);
      }),
      { numRuns: 300 },
    );
  });

  test('there and back loses nothing, streamed or whole', () => {
    fc.assert(
      fc.property(completion, fc.integer({ min: 1, max: 5 }), (answer, cut) => {
        const chat = answer as unknown as JsonObject;
        const back = messageToChatAnswer(chatAnswerToMessage(chat), 1);
        const [given] = objectsOf(chat['choices']);
        const [got] = objectsOf(back['choices']);
        const { thinking_blocks: _, ...message } = (got?.['message'] ?? {}) as JsonObject;
        expect(message).toEqual({ refusal: null, ...(given?.['message'] as JsonObject) });
        expect(got?.['finish_reason']).toBe(given?.['finish_reason']);
        expect(back['usage']).toMatchObject(chat['usage'] as JsonObject);

        const stream = new MessagesStreamToChat({ createdAt: 1, includesUsage: true });
        const chunks = streamed(chunksOf(chat, cut)).flatMap(({ data }) => stream.push(data));
        const folded = foldChunks(chunks);
        expect(folded['content']).toBe(message['content']);
        expect(folded['reasoning']).toBe(message['reasoning_content']);
        expect(folded['finish']).toBe(given?.['finish_reason']);
        expect(folded['used']).toEqual(back['usage']);
        expect(objectsOf(folded['calls']).map(({ function: made }) => made)).toEqual(
          objectsOf(message['tool_calls']).map(({ function: made }) => made),
        );
      }),
      { numRuns: 300 },
    );
  });

  test('all chunks of an answer have one id and one time, and usage comes only when asked for', () => {
    const events = streamed([chunkOf({ content: 'a' }, 'stop')]);
    const chunks = (includesUsage: boolean): JsonObject[] => {
      const stream = new MessagesStreamToChat({ createdAt: 5, includesUsage });
      return events.flatMap(({ data }) => stream.push(data));
    };
    expect(new Set(chunks(true).map(({ id, created }) => JSON.stringify([id, created]))).size).toBe(
      1,
    );
    expect(chunks(true).at(-1)).toMatchObject({ choices: [], usage: { total_tokens: 0 } });
    expect(chunks(false).some((chunk) => 'usage' in chunk)).toBe(false);
  });

  test('a signature that was streamed can be replayed', () => {
    const stream = new MessagesStreamToChat({ createdAt: 1, includesUsage: false });
    const delta = { type: 'signature_delta', signature: 'c2ln' };
    const [chunk] = stream.push({ type: 'content_block_delta', index: 0, delta });
    expect(chunk).toMatchObject({
      choices: [{ delta: { thinking_blocks: [{ type: 'thinking', signature: 'c2ln' }] } }],
    });
  });
});

describe('usage', () => {
  test('of Anthropic’s leaves out what was cached, OpenAI’s counts it', () => {
    const anthropic = {
      input_tokens: 10,
      cache_read_input_tokens: 100,
      cache_creation_input_tokens: 5,
      output_tokens: 7,
    };
    expect(usageToChat(anthropic)).toEqual({
      prompt_tokens: 115,
      completion_tokens: 7,
      total_tokens: 122,
      prompt_tokens_details: { cached_tokens: 100, cache_write_tokens: 5 },
    });
    expect(usageToMessages(usageToChat(anthropic))).toMatchObject(anthropic);
  });

  test('is never below nothing', () => {
    expect(
      usageToMessages({ prompt_tokens: 3, prompt_tokens_details: { cached_tokens: 9 } }),
    ).toMatchObject({ input_tokens: 0 });
  });

  test('the last report of each number counts, also when it is smaller', () => {
    const start = { input_tokens: 34_824, output_tokens: 1, cache_read_input_tokens: 0 };
    const later = { input_tokens: 3_883, output_tokens: 40, cache_read_input_tokens: 30_464 };
    expect(latestUsage(start, { ...later, cache_creation: null })).toEqual(later);
  });
});
