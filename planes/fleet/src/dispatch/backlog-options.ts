export interface BacklogOptions {
  /** F5. What share of the workers a project has, beside the others' 1. */
  readonly weightOf: (projectId: string) => number;
  /** F5. What a run of a project in a pool is expected to cost. */
  readonly costOf: (projectId: string, pool: string) => number;
  /** A run that waits for so long is as urgent as one of the next priority. */
  readonly agingMs: number;
  readonly fullLookEveryMs: number;
  /** A limit without room is looked at again after so long, if nothing is heard of it. */
  readonly heldLookEveryMs: number;
  readonly monotonicMs: () => number;
  readonly nowMs: () => number;
}
