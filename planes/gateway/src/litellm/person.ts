import type { OrganizationId } from '@sagewai/wire';

/** Whoever keys are made for. They sign in nowhere: LiteLLM's users, as far as they pay for calls. */
export interface Person {
  readonly orgId: OrganizationId;
  readonly id: string;
  readonly alias: string | null;
  readonly email: string | null;
  readonly models: readonly string[];
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly parallelMax: number | null;
  readonly teams: readonly string[];
  readonly createdAt: Date;
  readonly updatedAt: Date;
}
