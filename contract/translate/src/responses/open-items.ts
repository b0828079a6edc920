/** Items of a response that is being made: each says its own events, without their numbers. */
import { type JsonObject, textOf } from '../json.ts';
import { messageItem, textPart } from './chat-answer-to-response.ts';
import { reasoningItem } from './reasoning.ts';
import { isCustomCall, itemOfCall, type KnownTools } from './tools.ts';

export type ItemStatus = 'in_progress' | 'completed' | 'incomplete';

/** Where an item stands; `id` is its own. */
export interface ItemPlace {
  readonly id: string;
  readonly index: number;
}

/** The event that every item begins or ends with. */
const itemEvent = (which: 'added' | 'done', index: number, item: JsonObject): JsonObject => ({
  type: `response.output_item.${which}`,
  output_index: index,
  item,
});

export class OpenThought {
  readonly #place: ItemPlace;
  readonly #blocks: JsonObject[] = [];
  #text = '';
  #signed = 0;
  #isClosed = false;

  constructor(place: ItemPlace) {
    this.#place = place;
  }

  open(): JsonObject[] {
    const { id, index } = this.#place;
    return [itemEvent('added', index, { id, type: 'reasoning', summary: [] })];
  }

  think(delta: string): JsonObject[] {
    if (delta === '') return [];
    const begun =
      this.#text === ''
        ? [this.#event('part.added', { part: { type: 'summary_text', text: '' } })]
        : [];
    this.#text += delta;
    return [...begun, this.#event('text.delta', { delta })];
  }

  /** A signature comes after the text that it stands for. */
  sign(blocks: readonly JsonObject[]): void {
    for (const block of blocks) {
      if (block['type'] !== 'thinking') this.#blocks.push(block);
      else if (textOf(block['signature']) !== '') {
        const thinking = textOf(block['thinking']) || this.#text.slice(this.#signed);
        this.#blocks.push({ ...block, thinking });
        this.#signed = this.#text.length;
      }
    }
  }

  close(): JsonObject[] {
    if (this.#isClosed) return [];
    this.#isClosed = true;
    const text = this.#text;
    const said =
      text === ''
        ? []
        : [
            this.#event('text.done', { text }),
            this.#event('part.done', { part: { type: 'summary_text', text } }),
          ];
    return [...said, itemEvent('done', this.#place.index, this.item())];
  }

  item(): JsonObject {
    const { id } = this.#place;
    const made = reasoningItem(id, { text: this.#text, blocks: this.#blocks });
    return made ?? { id, type: 'reasoning', summary: [] };
  }

  #event(what: string, fields: JsonObject): JsonObject {
    const { id, index } = this.#place;
    const type = `response.reasoning_summary_${what}`;
    return { type, item_id: id, output_index: index, summary_index: 0, ...fields };
  }
}

interface OpenPart {
  readonly kind: 'output_text' | 'refusal';
  text: string;
  readonly logprobs: JsonObject[];
}

export class OpenMessage {
  readonly #place: ItemPlace;
  readonly #parts: OpenPart[] = [];
  #isClosed = false;
  #status: ItemStatus = 'in_progress';

  constructor(place: ItemPlace) {
    this.#place = place;
  }

  open(): JsonObject[] {
    return [itemEvent('added', this.#place.index, this.item())];
  }

  say(kind: OpenPart['kind'], delta: string, logprobs: readonly JsonObject[] = []): JsonObject[] {
    const events: JsonObject[] = [];
    let at = this.#parts.findIndex((part) => part.kind === kind);
    if (at === -1) {
      at = this.#parts.push({ kind, text: '', logprobs: [] }) - 1;
      events.push(this.#event(at, 'content_part.added', { part: partOf(this.#parts[at]) }));
    }
    const part = this.#parts[at];
    if (part === undefined) return events;
    part.text += delta;
    part.logprobs.push(...logprobs);
    const more = kind === 'output_text' ? { logprobs } : {};
    events.push(this.#event(at, `${kind}.delta`, { delta, ...more }));
    return events;
  }

  close(status: ItemStatus): JsonObject[] {
    if (this.#isClosed) return [];
    this.#isClosed = true;
    this.#status = status;
    const parts = this.#parts.flatMap((part, at) => {
      const said =
        part.kind === 'refusal'
          ? { refusal: part.text }
          : { text: part.text, logprobs: part.logprobs };
      return [
        this.#event(at, `${part.kind}.done`, said),
        this.#event(at, 'content_part.done', { part: partOf(part) }),
      ];
    });
    return [...parts, itemEvent('done', this.#place.index, this.item())];
  }

  item(): JsonObject {
    return messageItem(this.#place.id, this.#parts.map(partOf), this.#status);
  }

  #event(at: number, what: string, fields: JsonObject): JsonObject {
    const { id, index } = this.#place;
    return {
      type: `response.${what}`,
      item_id: id,
      output_index: index,
      content_index: at,
      ...fields,
    };
  }
}

function partOf(part: OpenPart | undefined): JsonObject {
  if (part?.kind === 'refusal') return { type: 'refusal', refusal: part.text };
  return textPart(part?.text ?? '', part?.logprobs);
}

export class OpenCall {
  readonly #index: number;
  readonly #known: KnownTools;
  readonly #made: { readonly callId: string; readonly name: string; readonly isCustom: boolean };
  #text = '';
  #isClosed = false;
  #status: ItemStatus = 'in_progress';

  constructor(
    index: number,
    made: { readonly callId: string; readonly name: string; readonly isCustom: boolean },
    known: KnownTools,
  ) {
    this.#index = index;
    this.#made = made;
    this.#known = known;
  }

  open(): JsonObject[] {
    return [itemEvent('added', this.#index, this.item())];
  }

  /** The text of a custom tool stands in a field of the arguments: it is known when they are whole. */
  argue(delta: string): JsonObject[] {
    if (delta === '') return [];
    this.#text += delta;
    return this.#isTurnedBack ? [] : [this.#event('delta', { delta })];
  }

  close(status: ItemStatus): JsonObject[] {
    if (this.#isClosed) return [];
    const events = this.#text === '' && !this.#made.isCustom ? this.argue('{}') : [];
    this.#isClosed = true;
    this.#status = status;
    const item = this.item();
    if (this.#isTurnedBack) events.push(this.#event('delta', { delta: item['input'] }));
    const whole = isCustomCall(item)
      ? { input: item['input'] }
      : { name: item['name'], arguments: item['arguments'] };
    return [...events, this.#event('done', whole), itemEvent('done', this.#index, item)];
  }

  item(): JsonObject {
    return itemOfCall({ ...this.#made, text: this.#text }, this.#status, this.#known);
  }

  get #isTurnedBack(): boolean {
    return !this.#made.isCustom && this.#known.custom.has(this.#made.name);
  }

  #event(what: 'delta' | 'done', fields: JsonObject): JsonObject {
    const item = this.item();
    const kind = isCustomCall(item) ? 'custom_tool_call_input' : 'function_call_arguments';
    return {
      type: `response.${kind}.${what}`,
      item_id: item['id'],
      output_index: this.#index,
      ...fields,
    };
  }
}
