/**
 * Batches: many requests in a file, answered by a provider within a day, for less.
 *
 *   B1. A batch is reserved whole, at the price of batches, before its provider hears of it: the most that each
 *       line can take, together (M1). A line that cannot be bounded or priced refuses the file.
 *   B2. It is settled once, from what its output says line by line; lines that failed cost nothing. What is never
 *       told is left to expire: booked in full, as unknown (M2, M3).
 *   B3. Files and batches belong to a project and to one deployment. Nobody is told a provider's id, and another
 *       project's are not there.
 */
export interface Manifest {
  /** As the ledger books it. */
  readonly model: string;
  /** Of OpenAI's interface: `/v1/chat/completions`. */
  readonly endpoint: string;
  readonly requests: number;
  readonly inputTokensMax: number;
  readonly outputTokensMax: number;
  /** Something in it may be kept in a cache for an hour, which costs more. */
  readonly keepsHour?: boolean;
}

export interface BatchFile {
  readonly id: string;
  readonly projectId: string;
  readonly deployment: string;
  readonly providerId: string;
  readonly filename: string;
  readonly bytes: bigint;
  readonly purpose: 'batch' | 'batch_output';
  readonly manifest: Manifest | null;
  readonly createdAt: Date;
}

export type BatchState = 'made' | 'open' | 'settled' | 'lost';

export interface Batch {
  readonly id: string;
  readonly projectId: string;
  readonly deployment: string;
  /** Null: it brought its requests along, as batches of messages do. */
  readonly inputFileId: string | null;
  /** Of what it brought along. */
  readonly manifest: Manifest | null;
  readonly providerId: string | null;
  readonly state: BatchState;
  readonly said: Readonly<Record<string, unknown>> | null;
  readonly createdAt: Date;
}

export const batchIdOf = (id: string): string => `batch_${id.replaceAll('-', '')}`;
export const messageBatchIdOf = (id: string): string => `msg${batchIdOf(id)}`;

/** Null: it is none of ours. */
export function readBatchId(text: string): string | null {
  const hex = /^(?:msg)?batch_([0-9a-f]{32})$/.exec(text)?.[1];
  return hex === undefined
    ? null
    : hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

/** As OpenAI describes a file. */
export interface WireFile {
  readonly id: string;
  readonly object: 'file';
  readonly bytes: number;
  readonly created_at: number;
  readonly filename: string;
  readonly purpose: string;
  readonly status: 'processed';
}

export function fileToWire(file: BatchFile): WireFile {
  return {
    id: file.id,
    object: 'file',
    bytes: Number(file.bytes),
    created_at: Math.floor(file.createdAt.getTime() / 1_000),
    filename: file.filename,
    purpose: file.purpose,
    status: 'processed',
  };
}
