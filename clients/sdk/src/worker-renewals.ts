/**
 * Generations of a worker's token, as the worker counts them. Whoever asks with an old one is taken for a
 * thief, so:
 *
 * - R1. The name of a renewal is on disk before it is sent: when its answer is lost, with the process or
 *   without it, the same renewal is sent again, and is answered the same.
 * - R2. Only the process that opened the newest session of a home writes. Another one that finds itself
 *   replaced sees by whom: by a process of the same home, or by one that has a copy.
 */
import { randomUUID } from 'node:crypto';
import { readFileSync, rmSync } from 'node:fs';

import { replaceFile } from './replace-file.ts';

/** Of the token that a worker gets when its key pair is bound. */
const FIRST_GENERATION = 1;

export interface Renewal {
  readonly id: string;
  readonly generation: number;
}

/** A file; or, where nothing can be written and the next start is another worker, shared memory. */
export type RenewalStore = string | SharedArrayBuffer;

export interface WorkerRenewalsOptions {
  readonly store: RenewalStore;
  readonly workerId: string;
  /** Names the process. */
  readonly holder: string;
  /** What its token has when nothing was kept. */
  readonly generation?: number;
}

export interface WorkerRenewals {
  /** Becomes the process that counts, and goes on where the last one was. */
  take(): Renewal;
  /** The next renewal, or the one that has no answer yet; null when another process counts now. */
  next(): Renewal | null;
  answered(generation: number): void;
  /** Whether another process of this home has taken over. */
  isTaken(): boolean;
}

interface Kept {
  readonly worker_id: string;
  readonly holder: string;
  readonly generation: number;
  readonly renewal_id: string | null;
}

export function workerRenewalsFile(credentialFile: string): string {
  return credentialFile.replace(/\.json$/, '.generation');
}

export function forgetWorkerRenewals(file: string): void {
  rmSync(file, { force: true });
}

export function createWorkerRenewals(options: WorkerRenewalsOptions): WorkerRenewals {
  const { store, workerId, holder, generation = FIRST_GENERATION } = options;
  const read = (): Kept => {
    const kept = readKept(store);
    const isOurs = kept?.worker_id === workerId;
    return isOurs ? kept : { worker_id: workerId, holder, generation, renewal_id: null };
  };
  const keep = (kept: Kept): void => write(store, `${JSON.stringify(kept)}\n`);
  const begin = (kept: Kept): Renewal => {
    const id = kept.renewal_id ?? randomUUID();
    keep({ ...kept, holder, renewal_id: id }); // R1
    return { id, generation: kept.generation };
  };
  const isTaken = (): boolean => read().holder !== holder;
  return {
    take: () => begin(read()),
    next: () => (isTaken() ? null : begin(read())), // R2
    answered: (next) => {
      if (isTaken()) return;
      keep({ worker_id: workerId, holder, generation: next, renewal_id: null });
    },
    isTaken,
  };
}

function readKept(store: RenewalStore): Kept | null {
  try {
    const text = typeof store === 'string' ? readFileSync(store, 'utf8') : textIn(store);
    const kept = JSON.parse(text) as Partial<Kept>;
    const isWhole = typeof kept.worker_id === 'string' && Number.isSafeInteger(kept.generation);
    return isWhole ? (kept as Kept) : null;
  } catch {
    return null;
  }
}

function write(store: RenewalStore, text: string): void {
  if (typeof store === 'string') replaceFile(store, text);
  else Buffer.from(store).fill(0).write(text);
}

const textIn = (store: SharedArrayBuffer): string =>
  Buffer.from(store).toString().replaceAll('\0', '');
