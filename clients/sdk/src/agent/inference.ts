/** Where an agent's model calls go, and what they say beside the messages. */
export interface InferenceConfig {
  /** `gpt-4o`, `anthropic/claude-…`, `gemini/…`, `ollama/…`, or whatever a proxy calls it. */
  readonly model: string;
  readonly apiBase?: string;
  readonly apiKey?: string;
  /** Whose format an `apiBase` speaks; of the model's prefix unless said. */
  readonly provider?: string;
  /** Of one call, with all that it streams. */
  readonly timeoutMs?: number;
  /** Tries in all. */
  readonly attemptsMax?: number;
  /** `temperature`, `max_tokens`, … in the words of chat completions. */
  readonly parameters?: Readonly<Record<string, unknown>>;
}

/** What one call says otherwise. */
export type InferenceOverride = Partial<InferenceConfig>;

export type WireFormat = 'openai' | 'anthropic' | 'gemini';

/** Who is really called. */
export interface ModelEndpoint {
  readonly format: WireFormat;
  readonly url: string;
  readonly apiKey: string;
  /** As whoever answers spells it. */
  readonly model: string;
  /** Our gateway, by the name of one: what is spent there is booked there. */
  readonly isGateway: boolean;
  /** An address that somebody named, rather than a provider's own: it is told of the project context. */
  readonly isNamed: boolean;
}

/** A server of ours: the last resort, and where the ledger is. */
export interface GatewayAddress {
  readonly url: string;
  readonly token: string;
}
