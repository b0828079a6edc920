/**
 * What a worker calls models with, beyond its environment: the content of `WORKER_CREDENTIALS_FILE`.
 * It stays with the worker. The server never stores it and is never sent it.
 */
export interface WorkerCredentials {
  /**
   * Which model is called in place of another. `default` replaces the agent's model, unless the call
   * itself names one; any other name replaces the model of that name, whoever named it.
   */
  readonly model_overrides?: Readonly<Record<string, string>>;
  readonly inference_overrides?: InferenceOverrides;
  /** Seen by the runs of this worker as environment variables; the process's own stay as they are. */
  readonly env_overrides?: Readonly<Record<string, string>>;
}

/** Where every model call of the worker goes, in place of what the model's name would choose. */
export interface InferenceOverrides {
  /** Up to and including `/v1`. A key of another host is never sent there. */
  readonly api_base?: string;
  readonly api_key?: string;
  /** `openai`, `anthropic`, `ollama`, or the name of any other that speaks OpenAI's format. */
  readonly custom_llm_provider?: string;
  /** Seconds that one call may take. */
  readonly timeout?: number;
}
