import type { CallOutput } from '@sagewai/sdk';

/** A run that this worker holds. What it says about it counts only while the server agrees. */
export interface Lease {
  readonly runId: string;
  readonly epoch: number;
  readonly attempt: number;
  readonly model: string | null;
  readonly payload: unknown;
  /** Calls models for this run, and only for it; dies with the lease. */
  readonly runToken: string;
}

type Claimed = NonNullable<CallOutput<'fleet.claimRuns'>>;

export function leasesOf(claimed: Claimed | null): Lease[] {
  if (claimed === null) return [];
  const rows = 'leases' in claimed ? claimed.leases : [claimed];
  return rows.map((row) => ({
    runId: row.run_id,
    epoch: row.epoch,
    attempt: row.attempt,
    model: row.model,
    payload: row.payload,
    runToken: row.run_token,
  }));
}
