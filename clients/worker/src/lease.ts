import type { CallOutput } from '@sagewai/sdk';

/** A run that this worker holds. What it says about it counts only while the server agrees. */
export interface Lease extends LeaseName {
  readonly orgId: string;
  readonly projectId: string;
  readonly model: string | null;
  /** With a content key: a Fernet token. */
  readonly payload: unknown;
  /** For what this run is given and says, and for nothing else; null: all of it is in clear. */
  readonly contentKey: { readonly id: string; readonly key: string } | null;
  /** Calls models for this run, and only for it; dies with the lease. */
  readonly runToken: string;
  /** What has ended the run's latest wait; null: it has not waited. */
  readonly resume: Resume | null;
}

export type Resume = NonNullable<
  Extract<
    NonNullable<CallOutput<'fleet.claimRuns'>>,
    { leases: unknown }
  >['leases'][number]['resume']
>;

/** One attempt at one run: the next attempt has another epoch, also when it is ours again. */
export interface LeaseName {
  readonly runId: string;
  readonly epoch: number;
}

/** How the wire names a lease. */
export interface WireLeaseName {
  readonly run_id: string;
  readonly epoch: number;
}

export const keyOf = ({ runId, epoch }: LeaseName): string => `${runId}/${epoch}`;

export const toWire = ({ runId, epoch }: LeaseName): WireLeaseName => ({ run_id: runId, epoch });

export const fromWire = ({ run_id: runId, epoch }: WireLeaseName): LeaseName => ({ runId, epoch });

type Claimed = NonNullable<CallOutput<'fleet.claimRuns'>>;

export function leasesOf(claimed: Claimed | null): Lease[] {
  if (claimed === null) return [];
  const rows = 'leases' in claimed ? claimed.leases : [claimed];
  return rows.map((row) => ({
    ...fromWire(row),
    orgId: row.org_id,
    projectId: row.project_id,
    model: row.model,
    payload: row.payload,
    contentKey: row.content_key ?? null,
    runToken: row.run_token,
    resume: row.resume ?? null,
  }));
}
