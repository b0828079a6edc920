/**
 * The items of a request's `input`, as messages. Items of one turn of the model (what it thought, said and
 * called) are one message; the results of calls stand right behind the message that made them, wherever
 * they stood before: most providers refuse any other order.
 */
import { compact, type Json, type JsonObject, objectsOf, textOf } from '../json.ts';
import { contentOf as listOfParts } from '../parts.ts';
import { type Losses, Untranslatable } from '../translation.ts';
import { partsOfInput } from './input-parts.ts';
import { thinkingOf } from './reasoning.ts';
import { callOfItem, type CustomTools } from './tools.ts';

export interface InputOptions {
  readonly losses: Losses;
  readonly keepsThinking: boolean;
  readonly customTools: CustomTools;
}

/** What tools at OpenAI left behind: the model's own words, which follow, say what came of it. */
const TRACES: readonly string[] = [
  'code_interpreter_call',
  'file_search_call',
  'image_generation_call',
  'mcp_approval_request',
  'mcp_approval_response',
  'mcp_call',
  'mcp_list_tools',
  'tool_search_call',
  'tool_search_output',
  'web_search_call',
];

export function messagesFromInput(input: Json | undefined, options: InputOptions): JsonObject[] {
  if (typeof input === 'string') return [{ role: 'user', content: input }];
  const turns = new Turns();
  for (const item of objectsOf(input)) add(item, turns, options);
  return turns.messages;
}

function add(item: JsonObject, turns: Turns, options: InputOptions): void {
  const { losses } = options;
  const type = textOf(item['type']) || (item['role'] === undefined ? '' : 'message');
  switch (type) {
    case 'message': {
      const role = textOf(item['role']) || 'user';
      const parts = partsOfInput(item['content'], losses);
      if (role === 'assistant') turns.say(parts);
      else turns.add({ role, content: contentOf(parts) });
      return;
    }
    case 'reasoning': {
      const blocks = options.keepsThinking ? thinkingOf(item) : [];
      if (blocks.length > 0) turns.think(blocks);
      else losses.add('input.reasoning');
      return;
    }
    case 'function_call':
    case 'custom_tool_call':
      turns.call(callOfItem(item, options.customTools));
      return;
    case 'function_call_output':
    case 'custom_tool_call_output':
      turns.result(textOf(item['call_id']), partsOfInput(item['output'], losses));
      return;
    default:
      if (!TRACES.includes(type)) {
        throw new Untranslatable('input', `items of type ${type || 'unknown'} are OpenAI's own`);
      }
      losses.add(`input.${type}`);
  }
}

const contentOf = (parts: readonly JsonObject[]): Json =>
  parts.length === 0 ? '' : listOfParts(parts);

interface Turn {
  readonly role: string;
  content?: Json;
  tool_calls?: JsonObject[];
  thinking_blocks?: JsonObject[];
  tool_call_id?: string;
}

class Turns {
  readonly #turns: Turn[] = [];
  /** What the model says is added to this one; null where the next item begins another. */
  #open: { turn: Turn; parts: JsonObject[] } | null = null;

  get messages(): JsonObject[] {
    return this.#turns.map(({ content, ...turn }) =>
      compact({ ...turn, content: turn.tool_calls === undefined ? (content ?? '') : content }),
    );
  }

  add(turn: Turn): void {
    this.#open = null;
    this.#turns.push(turn);
  }

  /** Words after a call are words of another turn. */
  say(parts: readonly JsonObject[]): void {
    const open = this.#openTurn((turn) => turn.tool_calls === undefined);
    open.parts.push(...parts);
    open.turn.content = contentOf(open.parts);
  }

  think(blocks: readonly JsonObject[]): void {
    const { turn } = this.#openTurn(
      ({ content, tool_calls: calls }) => content === null && calls === undefined,
    );
    turn.thinking_blocks = [...(turn.thinking_blocks ?? []), ...blocks];
  }

  call(call: JsonObject): void {
    const { turn } = this.#openTurn(() => true);
    turn.tool_calls = [...(turn.tool_calls ?? []), call];
  }

  /** A tool's message holds text only: what else there is follow as the user's. */
  result(id: string, parts: readonly JsonObject[]): void {
    const texts = parts.filter(({ type }) => type === 'text');
    const others = parts.filter(({ type }) => type !== 'text');
    const made = this.#turns.findLastIndex((turn) =>
      turn.tool_calls?.some((call) => call['id'] === id),
    );
    let at = made === -1 ? this.#turns.length : made + 1;
    while (this.#turns[at]?.role === 'tool') at++;
    this.#turns.splice(at, 0, { role: 'tool', tool_call_id: id, content: contentOf(texts) });
    this.#open = null;
    if (others.length === 0) return;
    const told = [{ type: 'text', text: `From the result of ${id}:` }, ...others];
    this.#turns.push({ role: 'user', content: told });
  }

  #openTurn(isFit: (turn: Turn) => boolean): { turn: Turn; parts: JsonObject[] } {
    if (this.#open === null || !isFit(this.#open.turn)) {
      const turn: Turn = { role: 'assistant', content: null };
      this.#turns.push(turn);
      this.#open = { turn, parts: [] };
    }
    return this.#open;
  }
}
