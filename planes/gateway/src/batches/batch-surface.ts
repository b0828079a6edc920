import { isObject, type JsonObject } from '@sagewai/translate';

import type { Format } from '../formats/format.ts';
import { MESSAGES } from '../formats/messages.ts';
import { fieldOf } from '../money/usage.ts';
import { BATCHES, FILES } from './ask-provider.ts';
import { type Manifest, messageBatchIdOf } from './batch.ts';
import { BATCH_FORMATS } from './read-batch-lines.ts';

/** What a batch has come to; the names are the ledger's. */
export type BatchEnd = 'ok' | 'error' | 'aborted';

/** Where its output is to be had. */
export type OutputPlace =
  | { readonly kind: 'at'; readonly of: Format; readonly below: string }
  /** Nothing was answered, so nothing is to be paid. */
  | { readonly kind: 'none' }
  /** There is one, and it is not told yet. */
  | { readonly kind: 'untold' };

/** How a provider speaks of batches. */
export interface BatchSurface {
  readonly of: Format;
  /** What its lines ask for. */
  readonly lines: Format;
  /** Undefined: it goes on. */
  readonly endOf: (said: JsonObject) => BatchEnd | undefined;
  readonly placeOf: (said: JsonObject, providerId: string) => OutputPlace;
  /** What a line of the output was answered; null: it failed, and costs nothing. */
  readonly answerIn: (line: unknown) => unknown;
}

const MESSAGE_BATCHES: Format = { ...MESSAGES, path: '/messages/batches' };

const ENDS: Readonly<Record<string, BatchEnd>> = {
  completed: 'ok',
  failed: 'error',
  expired: 'error',
  cancelled: 'aborted',
};

const OPENAI: Omit<BatchSurface, 'lines'> = {
  of: BATCHES,
  endOf: ({ status }) => (typeof status === 'string' ? ENDS[status] : undefined),
  placeOf: ({ output_file_id: output, request_counts: counts, status }) => {
    if (typeof output === 'string') {
      return { kind: 'at', of: FILES, below: `/${encodeURIComponent(output)}/content` };
    }
    const completed = isObject(counts) ? counts['completed'] : undefined;
    // A file that its provider found mistakes in was not begun, and need not be counted.
    const isNone = completed === 0 || (completed === undefined && status === 'failed');
    return { kind: isNone ? 'none' : 'untold' };
  },
  answerIn: (line) => {
    const response = fieldOf(line, 'response');
    const status = fieldOf(response, 'status_code');
    return typeof status !== 'number' || status >= 300 ? null : fieldOf(response, 'body');
  },
};

export const MESSAGE_SURFACE: BatchSurface = {
  of: MESSAGE_BATCHES,
  lines: MESSAGES,
  endOf: ({
    processing_status: status,
    cancel_initiated_at: cancelled,
    request_counts: counts,
  }) => {
    if (status !== 'ended') return undefined;
    if (typeof cancelled === 'string') return 'aborted';
    return isObject(counts) && counts['succeeded'] === 0 ? 'error' : 'ok';
  },
  placeOf: ({ request_counts: counts, results_url: url }, providerId) => {
    if (isObject(counts) && counts['succeeded'] === 0) return { kind: 'none' };
    if (typeof url !== 'string') return { kind: 'untold' };
    // Where it says is not asked: the credential goes to no address but its own (M6).
    return { kind: 'at', of: MESSAGE_BATCHES, below: `/${encodeURIComponent(providerId)}/results` };
  },
  answerIn: (line) => {
    const result = fieldOf(line, 'result');
    return fieldOf(result, 'type') === 'succeeded' ? fieldOf(result, 'message') : null;
  },
};

export function surfaceOf({ endpoint }: Manifest): BatchSurface | undefined {
  if (endpoint === '/v1/messages') return MESSAGE_SURFACE;
  const lines = BATCH_FORMATS.get(endpoint);
  return lines && { ...OPENAI, lines };
}

/** What is said of a batch of messages, as its owner is told it (B3). */
export function tellMessageBatch(id: string, said: JsonObject): JsonObject {
  const ours = messageBatchIdOf(id);
  const hasResults = typeof said['results_url'] === 'string';
  // Without a host: what this server is called outside is not known, and clients ask where they asked before.
  const results_url = hasResults ? `/v1/messages/batches/${ours}/results` : null;
  return { ...said, id: ours, results_url };
}
