/**
 * Chunks of a chat completion, as the events of a message.
 *
 *   - One block is open at a time, of the type of what arrives; it is opened by its first delta.
 *   - Calls are told apart by their `index`. One that arrives while another is unfinished waits: blocks
 *     follow each other, they do not interleave.
 *   - The finish reason comes before the usage: the end is held back until both are known.
 */
import { isObject, type JsonObject, numberOf, objectsOf, textOf } from './json.ts';
import { stopReasonOf } from './stop-reason.ts';
import { latestUsage, usageToMessages } from './usage.ts';

export interface MessageEvent {
  /** The name of the event, and its `type`. */
  readonly event: string;
  readonly data: JsonObject;
}

interface Call {
  id: string;
  name: string;
  /** Arguments that were not passed on yet. */
  waiting: string;
  /** All of them. */
  whole: string;
  state: 'waiting' | 'open' | 'closed';
}

type Open =
  | { readonly type: 'text' | 'thinking' }
  | { readonly type: 'tool_use'; readonly call: Call };

export interface ChatStreamOptions {
  /** What the prompt is estimated at until usage arrives: clients count with the first event. */
  readonly inputTokensEstimate: number;
}

export class ChatStreamToMessages {
  readonly #options: ChatStreamOptions;
  readonly #calls = new Map<number, Call>();
  #hasStarted = false;
  #hasEnded = false;
  #index = 0;
  #open: Open | null = null;
  #finishReason: string | null = null;
  #usage: JsonObject = {};

  constructor(options: ChatStreamOptions) {
    this.#options = options;
  }

  push(chunk: JsonObject): MessageEvent[] {
    if (this.#hasEnded) return [];
    const events = this.#hasStarted ? [] : [this.#start(chunk)];
    if (isObject(chunk['usage'])) this.#usage = latestUsage(this.#usage, chunk['usage']);
    const choice = objectsOf(chunk['choices']).find(({ index }) => (index ?? 0) === 0);
    if (choice === undefined) return events;
    const delta = isObject(choice['delta']) ? choice['delta'] : {};
    const reasoning = textOf(delta['reasoning_content']) || textOf(delta['reasoning']);
    if (reasoning !== '') events.push(...this.#think(reasoning));
    for (const block of objectsOf(delta['thinking_blocks'])) events.push(...this.#sign(block));
    const text = textOf(delta['content']) || textOf(delta['refusal']);
    if (text !== '') events.push(...this.#say(text));
    for (const [at, call] of objectsOf(delta['tool_calls']).entries()) {
      events.push(...this.#call(call, at));
    }
    if (typeof choice['finish_reason'] === 'string') this.#finishReason = choice['finish_reason'];
    return events;
  }

  /** After `[DONE]`, or when the stream ended as it should. */
  end(): MessageEvent[] {
    if (this.#hasEnded) return [];
    const events = this.#hasStarted ? [] : [this.#start({})];
    events.push(...this.#closeOpen());
    for (const call of this.#calls.values()) {
      if (call.state !== 'closed') events.push(...this.#openCall(call), ...this.#closeOpen());
    }
    this.#hasEnded = true;
    return [
      ...events,
      {
        event: 'message_delta',
        data: {
          type: 'message_delta',
          delta: {
            stop_reason: stopReasonOf(this.#finishReason, this.#calls.size > 0),
            stop_sequence: null,
          },
          usage: usageToMessages(this.#usage),
        },
      },
      { event: 'message_stop', data: { type: 'message_stop' } },
    ];
  }

  #start(chunk: JsonObject): MessageEvent {
    this.#hasStarted = true;
    const usage = usageToMessages({ prompt_tokens: this.#options.inputTokensEstimate });
    return {
      event: 'message_start',
      data: {
        type: 'message_start',
        message: {
          id: textOf(chunk['id']),
          type: 'message',
          role: 'assistant',
          model: textOf(chunk['model']),
          content: [],
          stop_reason: null,
          stop_sequence: null,
          usage: { ...usage, output_tokens: 0 },
        },
      },
    };
  }

  #think(thinking: string): MessageEvent[] {
    const opened = this.#switchTo('thinking', { type: 'thinking', thinking: '', signature: '' });
    return [...opened, this.#delta({ type: 'thinking_delta', thinking })];
  }

  /** A signature ends the thinking before it; what nobody may read is a block of its own. */
  #sign(block: JsonObject): MessageEvent[] {
    const signature = textOf(block['signature']);
    if (block['type'] === 'redacted_thinking') {
      const closed = this.#closeOpen();
      this.#open = { type: 'thinking' };
      return [...closed, this.#blockStart(block), ...this.#closeOpen()];
    }
    if (signature === '') return [];
    const opened = this.#switchTo('thinking', { type: 'thinking', thinking: '', signature: '' });
    const signed = this.#delta({ type: 'signature_delta', signature });
    return [...opened, signed, ...this.#closeOpen()];
  }

  #say(text: string): MessageEvent[] {
    const opened = this.#switchTo('text', { type: 'text', text: '' });
    return [...opened, this.#delta({ type: 'text_delta', text })];
  }

  #call(given: JsonObject, at: number): MessageEvent[] {
    const index = numberOf(given['index']) ?? at;
    const call = this.#calls.get(index) ?? newCall();
    this.#calls.set(index, call);
    const made = isObject(given['function']) ? given['function'] : {};
    call.id ||= textOf(given['id']);
    call.name ||= textOf(made['name']);
    const piece = textOf(made['arguments']);
    call.waiting += piece;
    call.whole += piece;
    if (call.state === 'open') return this.#flush(call);
    if (call.state === 'closed' || call.name === '') return [];
    const open = this.#open;
    if (open?.type === 'tool_use' && !isComplete(open.call.whole)) return [];
    return this.#openCall(call);
  }

  #openCall(call: Call): MessageEvent[] {
    const closed = this.#closeOpen();
    this.#open = { type: 'tool_use', call };
    call.state = 'open';
    const block = { type: 'tool_use', id: call.id, name: call.name, input: {} };
    return [...closed, this.#blockStart(block), ...this.#flush(call)];
  }

  #flush(call: Call): MessageEvent[] {
    if (call.waiting === '') return [];
    const partial = call.waiting;
    call.waiting = '';
    return [this.#delta({ type: 'input_json_delta', partial_json: partial })];
  }

  #switchTo(type: 'text' | 'thinking', block: JsonObject): MessageEvent[] {
    if (this.#open?.type === type) return [];
    const closed = this.#closeOpen();
    this.#open = { type };
    return [...closed, this.#blockStart(block)];
  }

  #blockStart(block: JsonObject): MessageEvent {
    const data = { type: 'content_block_start', index: this.#index, content_block: block };
    return { event: 'content_block_start', data };
  }

  #delta(delta: JsonObject): MessageEvent {
    const data = { type: 'content_block_delta', index: this.#index, delta };
    return { event: 'content_block_delta', data };
  }

  #closeOpen(): MessageEvent[] {
    const open = this.#open;
    if (open === null) return [];
    const events: MessageEvent[] = [];
    if (open.type === 'tool_use') {
      open.call.state = 'closed';
      // Clients put the arguments together from deltas: a call without any has one of its own.
      if (open.call.whole === '') {
        events.push(this.#delta({ type: 'input_json_delta', partial_json: '{}' }));
      }
    }
    const data = { type: 'content_block_stop', index: this.#index };
    events.push({ event: 'content_block_stop', data });
    this.#open = null;
    this.#index += 1;
    return events;
  }
}

const newCall = (): Call => ({ id: '', name: '', waiting: '', whole: '', state: 'waiting' });

function isComplete(text: string): boolean {
  if (text === '') return true;
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
