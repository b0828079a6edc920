/**
 * Chunks of a chat completion, as the events of a response.
 *
 *   - An item is added by its first delta. What was thought ends where something is said, and what is said
 *     ends where something is called; calls may interleave, each under its own `output_index`.
 *   - Clients take an item as it is in its last event, and the response as it is in the very last: so both
 *     are kept whole.
 *   - The finish reason comes before the usage: the end is held back until both are known.
 */
import { compact, isObject, type JsonObject, numberOf, objectsOf, textOf } from '../json.ts';
import { latestUsage } from '../usage.ts';
import { logprobsOf } from './chat-answer-to-response.ts';
import {
  type ItemPlace,
  type ItemStatus,
  OpenCall,
  OpenMessage,
  OpenThought,
} from './open-items.ts';
import { reasoningOf } from './reasoning.ts';
import {
  endOf,
  responseFrame,
  type ResponseOptions,
  suffixOf,
  usageToResponse,
} from './response-object.ts';
import { type KnownTools, knownTools } from './tools.ts';

export interface ResponseEvent {
  /** The name of the event, and its `type`. */
  readonly event: string;
  readonly data: JsonObject;
}

/** A call before its name has arrived, and after. */
interface Call {
  id: string;
  name: string;
  isCustom: boolean;
  /** Text that was not passed on yet. */
  waiting: string;
  open: OpenCall | null;
}

export class ChatStreamToResponse {
  readonly #options: ResponseOptions;
  readonly #known: KnownTools;
  readonly #items: (OpenThought | OpenMessage | OpenCall)[] = [];
  readonly #calls = new Map<number, Call>();
  #frame: JsonObject | null = null;
  #suffix = '0';
  #sequence = 0;
  #hasEnded = false;
  #thought: OpenThought | null = null;
  #message: OpenMessage | null = null;
  #finishReason: string | null = null;
  #usage: JsonObject | undefined;

  constructor(options: ResponseOptions) {
    this.#options = options;
    this.#known = knownTools(options.request);
  }

  push(chunk: JsonObject): ResponseEvent[] {
    if (this.#hasEnded) return [];
    const events = this.#start(chunk);
    if (isObject(chunk['usage'])) this.#usage = latestUsage(this.#usage ?? {}, chunk['usage']);
    const choice = objectsOf(chunk['choices']).find(({ index }) => (index ?? 0) === 0);
    if (choice !== undefined) events.push(...this.#take(choice));
    return events.map((event) => this.#numbered(event));
  }

  /** After `[DONE]`, or when the stream ended as it should. */
  end(): ResponseEvent[] {
    const { status, incomplete_details } = endOf(this.#finishReason);
    return this.#finish(status, { status, incomplete_details });
  }

  /** When it did not: the last event says why. */
  fail(error: { readonly code: string; readonly message: string }): ResponseEvent[] {
    return this.#finish('incomplete', { status: 'failed', error });
  }

  #take(choice: JsonObject): JsonObject[] {
    const delta = isObject(choice['delta']) ? choice['delta'] : {};
    const text = textOf(delta['content']);
    const refusal = textOf(delta['refusal']);
    if (typeof choice['finish_reason'] === 'string') this.#finishReason = choice['finish_reason'];
    return [
      ...this.#think(reasoningOf(delta), objectsOf(delta['thinking_blocks'])),
      ...(text === '' ? [] : this.#say('output_text', text, logprobsOf(choice))),
      ...(refusal === '' ? [] : this.#say('refusal', refusal)),
      ...objectsOf(delta['tool_calls']).flatMap((call, at) => this.#call(call, at)),
    ];
  }

  #start(chunk: JsonObject): JsonObject[] {
    if (this.#frame !== null) return [];
    this.#frame = responseFrame(chunk, this.#options);
    this.#suffix = suffixOf(chunk);
    return ['response.created', 'response.in_progress'].map((type) => ({
      type,
      response: this.#frame ?? {},
    }));
  }

  #think(text: string, blocks: readonly JsonObject[]): JsonObject[] {
    if (text === '' && blocks.length === 0) return [];
    const opened = this.#thought === null;
    this.#thought ??= new OpenThought(this.#place('rs'));
    const events = opened ? [...this.#added(this.#thought)] : [];
    events.push(...this.#thought.think(text));
    this.#thought.sign(blocks);
    return events;
  }

  #say(
    kind: 'output_text' | 'refusal',
    text: string,
    logprobs: readonly JsonObject[] = [],
  ): JsonObject[] {
    const events = this.#endThought();
    const opened = this.#message === null;
    this.#message ??= new OpenMessage(this.#place('msg'));
    if (opened) events.push(...this.#added(this.#message));
    return [...events, ...this.#message.say(kind, text, logprobs)];
  }

  #call(given: JsonObject, at: number): JsonObject[] {
    const index = numberOf(given['index']) ?? at;
    const custom = isObject(given['custom']) ? given['custom'] : undefined;
    const made = custom ?? (isObject(given['function']) ? given['function'] : {});
    const id = textOf(given['id']);
    const name = textOf(made['name']);
    let call = this.#calls.get(index);
    // Some providers give every call the same index; a second id and name are another call.
    if (call === undefined || (id !== '' && name !== '' && call.id !== '' && call.id !== id)) {
      call = { id: '', name: '', isCustom: custom !== undefined, waiting: '', open: null };
      this.#calls.set(index, call);
    }
    call.id ||= id;
    call.name ||= name;
    call.waiting += textOf(custom ? custom['input'] : made['arguments']);
    return call.name === '' ? [] : this.#pass(call, index);
  }

  #pass(call: Call, index: number): JsonObject[] {
    const events: JsonObject[] = [];
    if (call.open === null) {
      events.push(...this.#endThought(), ...this.#endMessage('completed'));
      const callId = call.id || `call_${this.#suffix}_${index}`;
      const { name, isCustom } = call;
      call.open = new OpenCall(this.#items.length, { callId, name, isCustom }, this.#known);
      events.push(...this.#added(call.open));
    }
    const { waiting } = call;
    call.waiting = '';
    return [...events, ...call.open.argue(waiting)];
  }

  #endThought(): JsonObject[] {
    const events = this.#thought?.close() ?? [];
    this.#thought = null;
    return [...events];
  }

  #endMessage(status: ItemStatus): JsonObject[] {
    const events = this.#message?.close(status) ?? [];
    this.#message = null;
    return [...events];
  }

  #finish(
    last: 'completed' | 'incomplete',
    outcome: JsonObject & { readonly status: string },
  ): ResponseEvent[] {
    if (this.#hasEnded) return [];
    const events = this.#start({});
    for (const [index, call] of this.#calls) {
      if (call.open === null) events.push(...this.#pass(call, index));
    }
    // An answer without a word is an empty message.
    if (this.#items.length === 0 && outcome.status !== 'failed') {
      this.#message = new OpenMessage(this.#place('msg'));
      events.push(...this.#added(this.#message));
    }
    events.push(...this.#endThought(), ...this.#endMessage(last));
    for (const item of this.#items) events.push(...item.close(last));
    this.#hasEnded = true;
    const response = compact({
      ...this.#frame,
      ...outcome,
      output: this.#items.map((item) => item.item()),
      usage: this.#usage && usageToResponse(this.#usage),
    });
    events.push({ type: `response.${outcome.status}`, response });
    return events.map((event) => this.#numbered(event));
  }

  #added(item: OpenThought | OpenMessage | OpenCall): JsonObject[] {
    this.#items.push(item);
    return item.open();
  }

  /** The id of a first item is the one that a whole answer gives it. */
  #place(prefix: string): ItemPlace {
    const index = this.#items.length;
    const isFirst = !this.#items.some((item) => textOf(item.item()['id']).startsWith(`${prefix}_`));
    return { id: `${prefix}_${this.#suffix}${isFirst ? '' : `_${index}`}`, index };
  }

  #numbered(event: JsonObject): ResponseEvent {
    return {
      event: textOf(event['type']),
      data: { ...event, sequence_number: this.#sequence++ },
    };
  }
}
