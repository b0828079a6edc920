export { dialogContext } from './chats/chat.ts';
export { createIntelligence, type Intelligence } from './intelligence.ts';
export type { IntelligenceOptions, IntelligenceSettings } from './intelligence-options.ts';
