import type { Submission } from '@sagewai/sdk';

const RUNS_MAX = 100;
/** Well below what a server takes in one body (8 MiB unless configured). */
const BYTES_MAX = 1_000_000;

/** In order, each small enough for one request; a submission that is too large stands alone. */
export function inBatches(submissions: readonly Submission[]): Submission[][] {
  const batches: Submission[][] = [];
  let batch: Submission[] = [];
  let bytes = 0;
  for (const submission of submissions) {
    const size = Buffer.byteLength(JSON.stringify(submission));
    if (batch.length > 0 && (batch.length === RUNS_MAX || bytes + size > BYTES_MAX)) {
      batches.push(batch);
      [batch, bytes] = [[], 0];
    }
    batch.push(submission);
    bytes += size;
  }
  return batch.length > 0 ? [...batches, batch] : batches;
}
