import type { Clock } from '@sagewai/clock';
import type { SealingKeys } from '@sagewai/crypto';
import type { Log } from '@sagewai/log';
import type { ObjectStore } from '@sagewai/objects';
import type { Db } from '@sagewai/postgres';
import type { MemoryBackend } from '@sagewai/wire';

import type { OfProject } from './chats/chat.ts';

export interface IntelligenceSettings {
  /** How a chat remembers that does not say so itself. */
  readonly memory: MemoryBackend;
  /** Null: vectors are made of the words themselves. */
  readonly embeddingModel: string | null;
  readonly topK: number;
  /** What a model is reminded of at most. */
  readonly recalledBytesMax: number;
  readonly dialogsKeptMax: number;
  /** Of the sealed dialogs of a chat that are read for one call. */
  readonly openedBytesMax: number;
  readonly chatsKeptMs: number;
  readonly sweepEveryMs: number;
  /** Of an answer that is listened to. */
  readonly answerBytesMax: number;
  /** Of all passages that a call is given. */
  readonly passageTokensMax: number;
  readonly passagesMax: number;
  readonly documentsMax: number;
  readonly documentBytesMax: number;
  readonly artifactBytesMax: number;
  /** Of all artifacts of a project together. */
  readonly artifactsBytesMax: number;
  readonly artifactsSweepEveryMs: number;
  /** An object that is younger may be of a row that is being committed. */
  readonly objectGraceMs: number;
}

export const INTELLIGENCE_DEFAULTS: IntelligenceSettings = {
  memory: 'short_term',
  embeddingModel: null,
  topK: 4,
  recalledBytesMax: 64 * 1024,
  dialogsKeptMax: 1_000,
  openedBytesMax: 16 * 1_048_576,
  chatsKeptMs: 30 * 86_400_000,
  sweepEveryMs: 600_000,
  answerBytesMax: 8 * 1_048_576,
  passageTokensMax: 1_200,
  passagesMax: 20_000,
  documentsMax: 5_000,
  documentBytesMax: 48 * 1_048_576,
  artifactBytesMax: 1_024 * 1_048_576,
  artifactsBytesMax: 20 * 1_024 * 1_048_576,
  artifactsSweepEveryMs: 3_600_000,
  objectGraceMs: 3_600_000,
};

export interface IntelligenceOptions {
  /** As `sagewai_request`. */
  readonly db: Db;
  readonly keys: SealingKeys;
  readonly clock: Clock;
  readonly log: Log;
  /** Where artifacts are; who opened it closes it. */
  readonly objects: ObjectStore;
  /** The server's own folders of which a project may be indexed; none unless said. */
  readonly rootsOf?: (of: OfProject) => Promise<readonly string[]>;
  readonly settings?: Partial<IntelligenceSettings>;
}

export interface IntelligenceParts extends Required<Omit<IntelligenceOptions, 'settings'>> {
  readonly settings: IntelligenceSettings;
}
