export { chatAnswerToMessage } from './chat-answer-to-message.ts';
export { type ChatRequestOptions, chatRequestToMessages } from './chat-request-to-messages.ts';
export {
  type ChatStreamOptions,
  ChatStreamToMessages,
  type MessageEvent,
} from './chat-stream-to-messages.ts';
export {
  chatAnswerToCompletion,
  ChatStreamToCompletion,
  type CompletionAnswerOptions,
} from './completions/chat-answer-to-completion.ts';
export {
  type CompletionRequestOptions,
  completionRequestToChat,
  promptOf,
} from './completions/completion-request-to-chat.ts';
export {
  chatRequestToConverse,
  type ConverseRequestOptions,
} from './converse/chat-request-to-converse.ts';
export { converseErrorToChat, converseToChatAnswer } from './converse/converse-answer-to-chat.ts';
export {
  type ConverseStreamOptions,
  ConverseStreamToChat,
} from './converse/converse-stream-to-chat.ts';
export {
  chatErrorToMessages,
  chatErrorType,
  messagesErrorToChat,
  messagesErrorType,
} from './errors.ts';
export { chatRequestToGemini, type GeminiRequestOptions } from './gemini/chat-request-to-gemini.ts';
export { bedrockToEmbeddings, embeddingsToBedrock } from './embeddings/bedrock.ts';
export {
  embeddingsToVertex,
  vertexEmbeddingTokens,
  vertexToEmbeddings,
} from './embeddings/vertex.ts';
export { embeddingsToGemini, geminiToEmbeddings } from './gemini/embeddings.ts';
export { geminiToChatAnswer } from './gemini/gemini-answer-to-chat.ts';
export { geminiErrorToChat } from './gemini/gemini-errors.ts';
export { type GeminiStreamOptions, GeminiStreamToChat } from './gemini/gemini-stream-to-chat.ts';
export { isObject, type Json, type JsonObject, objectsOf, textOf } from './json.ts';
export { messageToChatAnswer } from './message-to-chat-answer.ts';
export { type MessagesRequestOptions, messagesRequestToChat } from './messages-request-to-chat.ts';
export { MessagesStreamToChat } from './messages-stream-to-chat.ts';
export {
  chatAnswerToOllama,
  ChatStreamToOllama,
  type OllamaAnswerOptions,
  type OllamaDurations,
  type OllamaKind,
  ollamaNothing,
} from './ollama/chat-answer-to-ollama.ts';
export { embeddingsToOllama, ollamaEmbedToEmbeddings } from './ollama/embeddings.ts';
export { type ListedModel, ollamaModel, ollamaModelList } from './ollama/ollama-models.ts';
export {
  asksNothing,
  ollamaChatToChat,
  ollamaGenerateToChat,
  type OllamaRequestOptions,
} from './ollama/ollama-request-to-chat.ts';
export { chatAnswerToResponse } from './responses/chat-answer-to-response.ts';
export { ChatStreamToResponse, type ResponseEvent } from './responses/chat-stream-to-response.ts';
export {
  chatRequestToResponses,
  type ChatOverResponsesOptions,
} from './responses/chat-request-to-responses.ts';
export { customCallsBack, CustomCallsBack } from './responses/custom-calls.ts';
export { hasFlatTools, nestTools, readsAsResponses } from './responses/reads-as-responses.ts';
export type { ResponseOptions } from './responses/response-object.ts';
export {
  type ResponsesRequestOptions,
  responsesRequestToChat,
} from './responses/responses-request-to-chat.ts';
export {
  type ResponseAnswerOptions,
  responseToChatAnswer,
} from './responses/response-to-chat-answer.ts';
export { ResponsesStreamToChat } from './responses/responses-stream-to-chat.ts';
export type { CustomTools } from './responses/tools.ts';
export { type Translation, Untranslatable } from './translation.ts';
export { latestUsage, usageToChat, usageToMessages } from './usage.ts';
