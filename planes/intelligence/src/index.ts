export { artifactContext } from './artifacts/artifact.ts';
export { type ArtifactStore, filesOfRun, type MadeFile } from './artifacts/read-artifact.ts';
export { dialogContext } from './chats/chat.ts';
export { createIntelligence, type Intelligence } from './intelligence.ts';
export type { IntelligenceOptions, IntelligenceSettings } from './intelligence-options.ts';
