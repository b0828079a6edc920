import { hash } from 'node:crypto';

import type { RunContents } from '@sagewai/fleet';
import type { ObjectStore } from '@sagewai/objects';
import type { Executor } from '@sagewai/postgres';
import type { OrganizationId, RunId } from '@sagewai/wire';

import type { KeptContent, OfRun, StepRow } from './journal.ts';

export interface Results {
  readonly contents: RunContents;
  readonly objects: ObjectStore;
  /** A result of more bytes than this is a blob. */
  readonly inlineBytesMax: number;
}

interface Told {
  /** JSON text; null: none. */
  readonly result: string | null;
  readonly error: string | null;
}

/** D4. Of its run: with it all of its blobs go. */
export const blobKey = (orgId: OrganizationId, runId: RunId, digest: string): string =>
  `${orgId}/${runId}/step/${digest}`;

/** What a step has come to, as it is to be stored; a blob is in the store when this returns. */
export async function keepResult(
  { contents, objects, inlineBytesMax }: Results,
  of: OfRun,
  { result, error }: Told,
): Promise<KeptContent> {
  const sealed = await contents.seal(of, { output: result, error }); // D5
  const { keyId } = sealed;
  const bytes = sealed.output === null ? 0 : Buffer.byteLength(sealed.output);
  if (sealed.output === null || bytes <= inlineBytesMax) {
    const none = { blobDigest: null, blobBytes: null };
    return { result: sealed.output, ...none, keyId, error: sealed.error };
  }
  const blob = Buffer.from(sealed.output);
  const blobDigest = hash('sha256', blob, 'hex');
  await objects.put(blobKey(of.orgId, of.runId, blobDigest), blob); // D4
  return { result: null, blobDigest, blobBytes: bytes, keyId, error: sealed.error };
}

/** The same rows as their readers see them. A blob that is gone or damaged is null. */
export async function openResults<Row extends StepRow>(
  { contents, objects }: Results,
  of: { readonly orgId: OrganizationId; readonly runId: RunId; readonly tx: Executor },
  rows: readonly Row[],
): Promise<readonly Row[]> {
  const whole = await Promise.all(
    rows.map(async (row) => {
      if (row.blobDigest === null) return row;
      const blob = await objects.get(blobKey(of.orgId, of.runId, row.blobDigest));
      const isWhole = blob !== null && hash('sha256', blob, 'hex') === row.blobDigest;
      return { ...row, result: isWhole ? (JSON.parse(blob.toString()) as unknown) : null };
    }),
  );
  const sealed = whole.filter(({ keyId }) => keyId !== null);
  if (sealed.length === 0) return whole;
  const { orgId, runId, tx } = of;
  const opened = await contents.open(
    { orgId, tx },
    sealed.map(({ result, error }) => ({ runId, output: result, error })),
  );
  const openedOf = new Map(sealed.map((row, at) => [row, opened[at]]));
  return whole.map((row) => {
    const seen = openedOf.get(row);
    return seen === undefined
      ? row
      : { ...row, result: seen.output ?? null, error: seen.error ?? null };
  });
}
