import {
  chatAnswerToOllama,
  ChatStreamToOllama,
  isObject,
  type JsonObject,
  ollamaChatToChat,
  ollamaGenerateToChat,
  type OllamaKind,
  textOf,
} from '@sagewai/translate';

import { traitsOf } from '../providers/provider.ts';
import { askingChat } from './chat-request.ts';
import type { Crossing } from './crossing.ts';

const NS_PER_MS = 1_000_000;

/** A client of Ollama's own interface, a provider of chat. */
function ollamaOverChat(kind: OllamaKind): Crossing {
  const translate = kind === 'chat' ? ollamaChatToChat : ollamaGenerateToChat;
  return {
    client: `ollama-${kind}`,
    upstream: 'chat',
    open: (request, { deployment, outputCap, now }) => {
      const { cap } = traitsOf(deployment.endpoint.provider);
      const { body, lost } = translate(request, { maxTokensField: cap });
      const begun = now();
      let first: number | null = null;
      const sinceNs = (): number => (now().getTime() - begun.getTime()) * NS_PER_MS;
      const options = {
        kind,
        model: textOf(request['model']),
        createdAt: begun.toISOString(),
      };
      const durations = (): { totalNs: number; firstNs: number } => {
        const totalNs = sinceNs();
        return { totalNs, firstNs: first ?? totalNs };
      };
      return {
        body: askingChat(body, { deployment, field: cap, outputCap }),
        lost,
        answer: (answer) => chatAnswerToOllama(answer, options, durations()),
        error: ollamaError,
        stream: () => {
          const lines = new ChatStreamToOllama(options);
          return {
            push: (chunk) => {
              first ??= sinceNs();
              return lines.push(chunk);
            },
            end: () => lines.end(durations()),
          };
        },
      };
    },
  };
}

export const OLLAMA_CHAT_OVER_CHAT = ollamaOverChat('chat');
export const OLLAMA_GENERATE_OVER_CHAT = ollamaOverChat('generate');

/** Its clients read `error` as text. */
export function ollamaError({ error }: JsonObject): JsonObject {
  const message = isObject(error) ? error['message'] : error;
  return { error: typeof message === 'string' ? message : 'The provider gave no reason.' };
}
