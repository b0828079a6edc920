/** A chat completion in OpenAI's shape. */
export interface ModelRequest {
  readonly model: string;
  /** The call itself names the model, rather than its agent: a default of the worker does not replace it. */
  readonly isExplicit?: boolean;
  readonly messages: readonly ChatMessage[];
  /** Further fields of the agent (`temperature`, `max_tokens`, …), sent as they are. */
  readonly parameters: Readonly<Record<string, unknown>>;
}

export interface ChatMessage {
  readonly role: 'system' | 'user' | 'assistant';
  readonly content: string;
}

export interface ModelAnswer {
  readonly content: string;
  /** The model that answered, in the provider's words. */
  readonly model: string;
  readonly finishReason: string;
  readonly inputTokens: number;
  readonly outputTokens: number;
}

export type ModelCaller = (request: ModelRequest) => Promise<ModelAnswer>;
