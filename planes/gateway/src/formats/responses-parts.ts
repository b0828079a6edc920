import type { PromptParts } from '../money/meter.ts';

/** The fields of a request that decide what it may cost. */
export interface ResponsesRequest {
  readonly model: string;
  readonly input?: string | readonly unknown[] | null;
  readonly stream?: boolean | null;
  readonly max_output_tokens?: number | null;
  readonly tools?: readonly ({ readonly type?: unknown } | null)[] | null;
  readonly service_tier?: unknown;
  readonly prompt?: unknown;
}

interface Item {
  readonly type?: unknown;
  readonly content?: unknown;
  readonly output?: unknown;
}

/** Items whose tokens are in the text that the body holds of them. What was thought is text, plain or sealed. */
const TEXT_ITEMS = new Set([
  'message',
  'reasoning',
  'function_call',
  'function_call_output',
  'custom_tool_call',
  'custom_tool_call_output',
  'local_shell_call',
  'local_shell_call_output',
  'shell_call',
  'shell_call_output',
  'apply_patch_call',
  'apply_patch_call_output',
]);
const TEXT_PARTS = new Set(['input_text', 'output_text', 'refusal', 'summary_text', 'text']);

/** What a prompt holds beside text (M1). An item that is not known here may be anything. */
export function countItems({ input, prompt, tools }: ResponsesRequest): PromptParts {
  const counted = { images: 0, opaque: 0, isLong: false };
  // A prompt of the provider's is no part of the body; its own tools read what nobody has sent.
  if (prompt !== undefined && prompt !== null) counted.opaque++;
  if (tools?.some((tool) => isHosted(tool?.type))) counted.opaque++;
  if (!Array.isArray(input)) return counted;
  for (const item of input as readonly (Item | null)[]) {
    const type = item?.type ?? 'message';
    // A name with a backslash may have been misread (find-fields.ts): anything may hide behind it.
    if (item === null || typeof type !== 'string' || !TEXT_ITEMS.has(type) || '\\' in item) {
      counted.opaque++;
      continue;
    }
    countIn(item.content, counted);
    countIn(item.output, counted);
  }
  return counted;
}

function countIn(content: unknown, counted: { images: number; opaque: number }): void {
  if (!Array.isArray(content)) return;
  for (const part of content as readonly ({ readonly type?: unknown } | null)[]) {
    const type = part?.type;
    if (typeof type === 'string' && TEXT_PARTS.has(type)) continue;
    if (type === 'input_image') counted.images++;
    else counted.opaque++;
  }
}

/** Tools that are only described: whoever asks runs them. */
const OWN_TOOLS = new Set<unknown>([
  'function',
  'custom',
  'namespace',
  'local_shell',
  'shell',
  'apply_patch',
]);

export const isHosted = (type: unknown): boolean => !OWN_TOOLS.has(type);
