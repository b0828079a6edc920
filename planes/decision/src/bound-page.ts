import type { StepRow } from './journal.ts';

/** As many of the first rows as fit; one in any case. */
export function boundPage<Row extends Pick<StepRow, 'result' | 'blobBytes'>>(
  rows: readonly Row[],
  bytesMax: number,
): readonly Row[] {
  let bytes = 0;
  for (const [at, { result, blobBytes }] of rows.entries()) {
    bytes += blobBytes ?? (result === null ? 0 : JSON.stringify(result).length);
    if (bytes > bytesMax && at > 0) return rows.slice(0, at);
  }
  return rows;
}
