import type { KeyId, OrganizationId, PicoUsd, ProjectId } from '@sagewai/wire';

/** What sums of spend can be told apart by. */
export const REPORT_NAMES = [
  'day',
  'project',
  'key',
  'team',
  'person',
  'model',
  'provider',
  'agent',
  'session',
  'tag',
] as const;
export type ReportName = (typeof REPORT_NAMES)[number];

export interface ReportQuery {
  readonly orgId: OrganizationId;
  /** Of calls with several tags, each tag counts all of the call. Not both of session and tag. */
  readonly by: readonly ReportName[];
  /** UTC days, both within; left out: from ever, until now. */
  readonly from?: string | undefined;
  readonly until?: string | undefined;
  readonly only?: {
    readonly projectId?: string | undefined;
    readonly keyIds?: readonly string[] | undefined;
    readonly team?: string | undefined;
    readonly person?: string | undefined;
    readonly model?: string | undefined;
    readonly provider?: string | undefined;
    readonly agent?: string | undefined;
    readonly session?: string | undefined;
    readonly tag?: string | undefined;
  };
  readonly page: { readonly offset: number; readonly limit: number };
}

export interface ReportSums {
  readonly calls: bigint;
  /** Of those: ended with an error. */
  readonly failedCalls: bigint;
  /** Of those: without a known price; what they cost is in no sum. */
  readonly unpricedCalls: bigint;
  readonly costPusd: PicoUsd;
  readonly inputTokens: bigint;
  readonly cachedInputTokens: bigint;
  readonly cacheWriteTokens: bigint;
  readonly outputTokens: bigint;
}

/** What it was not asked to be told apart by is null, and so is what calls do not have. */
export interface ReportGroup extends ReportSums {
  readonly day: string | null;
  readonly projectId: ProjectId | null;
  readonly keyId: KeyId | null;
  readonly team: string | null;
  readonly person: string | null;
  readonly model: string | null;
  readonly provider: string | null;
  readonly agent: string | null;
  readonly session: string | null;
  readonly tag: string | null;
}

export interface SpendReport {
  /** The dearest first; where days are told apart, in the order of days. */
  readonly groups: readonly ReportGroup[];
  /** Of all that match, on whichever page. With tags, of all calls that have one, once for each. */
  readonly totals: ReportSums;
}
