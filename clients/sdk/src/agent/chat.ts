/** JSON that describes JSON; what of it is checked here stands in `check-schema.ts`. */
export type JsonSchema = Readonly<Record<string, unknown>>;

export interface ToolCall {
  readonly id: string;
  readonly name: string;
  /** As the model wrote them: meant to be JSON. */
  readonly arguments: string;
}

export type ChatMessage =
  | { readonly role: 'system' | 'user'; readonly content: string }
  | {
      readonly role: 'assistant';
      readonly content: string;
      readonly calls?: readonly ToolCall[];
      /** Word for word as the provider sent them: it refuses the conversation when they were touched. */
      readonly thinking?: readonly unknown[];
    }
  | { readonly role: 'tool'; readonly id: string; readonly content: string };

export interface Usage {
  readonly calls: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
}

export const NO_USAGE: Usage = { calls: 0, inputTokens: 0, outputTokens: 0 };

export const addUsage = (one: Usage, other: Usage): Usage => ({
  calls: one.calls + other.calls,
  inputTokens: one.inputTokens + other.inputTokens,
  outputTokens: one.outputTokens + other.outputTokens,
});

/** What a model answers once. */
export interface ModelTurn {
  readonly content: string;
  readonly calls: readonly ToolCall[];
  readonly thinking: readonly unknown[];
  readonly finishReason: string;
  /** In the provider's words. */
  readonly model: string;
  readonly usage: Usage;
  /** As the proxy priced it; null: it did not. */
  readonly costUsd: number | null;
}

export const toMessage = ({ content, calls, thinking }: ModelTurn): ChatMessage => ({
  role: 'assistant',
  content,
  ...(calls.length === 0 ? {} : { calls }),
  ...(thinking.length === 0 ? {} : { thinking }),
});
