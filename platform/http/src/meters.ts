import type { ProblemCode } from '@sagewai/wire';

/** What is counted for one endpoint. */
export interface RouteMeter {
  /** `status` is null when the caller left before the answer was complete. */
  answered(status: number | null, seconds: number): void;
  /** Fields that no schema names, on a surface that drops them. */
  dropped(fields: number): void;
  /** A refusal, and whether the audit log has it or its recording was suppressed. */
  refused(code: ProblemCode, isRecorded: boolean): void;
}

export interface HttpMeters {
  route(endpointId: string): RouteMeter;
  /** Requests that reached no endpoint: unknown paths and methods, broken HTTP. */
  unroutable(status: number): void;
}
