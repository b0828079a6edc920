import type { PromptParts } from '../money/meter.ts';

/** The fields of a request that decide what it may cost. */
export interface MessagesRequest {
  readonly model: string;
  readonly messages: readonly unknown[];
  readonly max_tokens: number;
  readonly stream?: boolean | null;
  readonly system?: unknown;
  readonly tools?: readonly ({ readonly type?: unknown } | null)[] | null;
  readonly service_tier?: unknown;
  readonly speed?: unknown;
  readonly inference_geo?: unknown;
  readonly mcp_servers?: unknown;
  readonly container?: unknown;
  readonly context_management?: unknown;
  readonly cache_control?: unknown;
}

interface Block {
  readonly type?: unknown;
  readonly content?: unknown;
  readonly source?: { readonly type?: unknown; readonly content?: unknown } | null;
  readonly cache_control?: { readonly ttl?: unknown } | null;
}

/** Blocks whose tokens are in the text that the body holds of them. Thinking is text, plain or sealed. */
const TEXT_BLOCKS = new Set([
  'text',
  'thinking',
  'redacted_thinking',
  'tool_use',
  'tool_reference',
]);

/**
 * What a prompt holds beside text (M1): pictures, also those in a tool's result, and documents that are
 * not text. A block that is not known here may be anything.
 */
export function countBlocks(body: MessagesRequest): Omit<PromptParts, 'isLong'> {
  const counted = { images: 0, opaque: 0 };
  countIn(body.system, counted);
  for (const message of body.messages) {
    // A name with a backslash may have been misread (find-fields.ts): anything may hide behind it.
    const { content, ...rest } = (message ?? {}) as { readonly content?: unknown };
    if ('\\' in rest) counted.opaque++;
    countIn(content, counted);
  }
  return counted;
}

function countIn(content: unknown, counted: { images: number; opaque: number }): void {
  if (!Array.isArray(content)) return;
  for (const block of content as readonly (Block | null)[]) {
    const type = typeof block?.type === 'string' ? block.type : '';
    if (block === null || '\\' in block) counted.opaque++;
    else if (TEXT_BLOCKS.has(type)) continue;
    else if (type === 'image') counted.images++;
    else if (type === 'tool_result' || type === 'search_result') countIn(block.content, counted);
    else if (type === 'document' && block.source?.type === 'content') {
      countIn(block.source.content, counted);
    } else if (type !== 'document' || block.source?.type !== 'text') counted.opaque++;
  }
}

/** Whether any mark of the cache asks for an hour. */
export function writesForAnHour(body: MessagesRequest): boolean {
  return (
    isForAnHour(body) ||
    holdsHour(body.system) ||
    holdsHour(body.tools) ||
    body.messages.some((message) => holdsHour((message as Block | null)?.content))
  );
}

function holdsHour(blocks: unknown): boolean {
  if (!Array.isArray(blocks)) return false;
  return (blocks as readonly (Block | null)[]).some(
    (block) => block !== null && (isForAnHour(block) || holdsHour(block.content)),
  );
}

function isForAnHour(marked: object): boolean {
  const mark = (marked as { readonly cache_control?: { readonly ttl?: unknown } | null })
    .cache_control;
  return mark?.ttl === '1h';
}
