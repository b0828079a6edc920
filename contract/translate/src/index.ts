export { chatAnswerToMessage } from './chat-answer-to-message.ts';
export { type ChatRequestOptions, chatRequestToMessages } from './chat-request-to-messages.ts';
export {
  type ChatStreamOptions,
  ChatStreamToMessages,
  type MessageEvent,
} from './chat-stream-to-messages.ts';
export {
  chatErrorToMessages,
  chatErrorType,
  messagesErrorToChat,
  messagesErrorType,
} from './errors.ts';
export type { Json, JsonObject } from './json.ts';
export { messageToChatAnswer } from './message-to-chat-answer.ts';
export { type MessagesRequestOptions, messagesRequestToChat } from './messages-request-to-chat.ts';
export { type MessagesStreamOptions, MessagesStreamToChat } from './messages-stream-to-chat.ts';
export { type Translation, Untranslatable } from './translation.ts';
export { latestUsage, usageToChat, usageToMessages } from './usage.ts';
