import { compact, type JsonObject } from './json.ts';

/** What the client of a stream of chat is owed, whoever answers it. */
export interface ChatChunkOptions {
  /** Seconds since 1970; the same on every chunk. */
  readonly createdAt: number;
  /** Whether the client asked for a last chunk with usage. */
  readonly includesUsage: boolean;
}

/** A chunk of a chat completion with these choices, or with none. */
export function chatChunk(
  choices: readonly JsonObject[],
  of: ChatChunkOptions & { readonly id: string; readonly model: string },
): JsonObject {
  return compact({
    id: of.id,
    object: 'chat.completion.chunk',
    created: of.createdAt,
    model: of.model,
    choices,
    // A client that asks for usage is told on every chunk that it is still to come.
    usage: of.includesUsage ? null : undefined,
  });
}
