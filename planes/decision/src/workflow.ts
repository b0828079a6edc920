import type { OrganizationId, ProjectId, RunId } from '@sagewai/wire';

/** A workflow as workers have said it. */
export interface WorkflowRow {
  readonly id: string;
  readonly projectId: ProjectId | null;
  readonly name: string;
  /** Empty: its workers do not say. */
  readonly version: string;
  readonly pool: string;
  readonly inputSchema: object | null;
  readonly registeredAt: Date;
  readonly seenAt: Date;
}

export interface SaidWorkflow {
  readonly name: string;
  readonly inputSchema: object | null;
}

/** By whom it is said. */
export interface WorkflowTeller {
  readonly orgId: OrganizationId;
  readonly projectId: ProjectId | null;
  readonly pool: string;
  readonly version: string;
}

/** Of a run that was submitted to a workflow by its name. */
export interface NamedRun {
  readonly runId: RunId;
  readonly orgId: OrganizationId;
  readonly projectId: ProjectId;
  readonly name: string;
  readonly version: string;
}
