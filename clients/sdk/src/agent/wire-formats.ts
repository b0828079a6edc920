import type { JsonObject } from '@sagewai/translate';

import type { ModelEndpoint } from './inference.ts';

/** Anthropic demands a limit. */
const MAX_TOKENS_DEFAULT = 8_192;

export interface Wire {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: JsonObject;
  /** A whole answer, as a chat completion. */
  readonly toChat: (answer: JsonObject) => JsonObject;
  /** One event of a stream, as chunks of a chat completion; null: the last. */
  readonly toChunks: (event: JsonObject | null) => readonly JsonObject[];
}

/** A chat request in the words of who answers it. The translators are loaded by whoever needs them. */
export async function toWire(
  endpoint: ModelEndpoint,
  chat: JsonObject,
  { isStreamed, createdAt }: { readonly isStreamed: boolean; readonly createdAt: number },
): Promise<Wire> {
  const { format, url, apiKey, model } = endpoint;
  if (format === 'openai') {
    const headers = apiKey === '' ? undefined : { authorization: `Bearer ${apiKey}` };
    return {
      url,
      headers: headers ?? {},
      body: chat,
      toChat: (answer) => answer,
      toChunks: (event) => (event === null ? [] : [event]),
    };
  }
  const translate = await import('@sagewai/translate');
  if (format === 'anthropic') {
    const stream = new translate.MessagesStreamToChat({ createdAt, includesUsage: true });
    return {
      url,
      headers: { 'anthropic-version': '2023-06-01', 'x-api-key': apiKey },
      body: translate.chatRequestToMessages(chat, { maxTokensDefault: MAX_TOKENS_DEFAULT }).body,
      toChat: (answer) => translate.messageToChatAnswer(answer, createdAt),
      toChunks: (event) => (event === null ? [] : stream.push(event)),
    };
  }
  const stream = new translate.GeminiStreamToChat({ createdAt, includesUsage: true, model });
  return {
    url: `${url}:${isStreamed ? 'streamGenerateContent?alt=sse' : 'generateContent'}`,
    headers: { 'x-goog-api-key': apiKey },
    body: translate.chatRequestToGemini(chat, { model, outputCap: undefined }).body,
    toChat: (answer) => translate.geminiToChatAnswer(answer, { model, createdAt }),
    toChunks: (event) => (event === null ? stream.end() : stream.push(event)),
  };
}
