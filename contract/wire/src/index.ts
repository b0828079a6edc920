export {
  type AuditMode,
  type BodyOf,
  endpoint,
  type Endpoint,
  type OutputOf,
  type ParamsOf,
  type QueryOf,
  type Surface,
} from './endpoint.ts';
export type {
  EnrollmentKeyId,
  KeyId,
  OrganizationId,
  ProjectId,
  ReservationId,
  RunId,
  TokenId,
  WorkerId,
} from './ids.ts';
export { type CallerKind, type Permission, PERMISSIONS } from './permissions.ts';
export { type Mistake, type Problem, type ProblemCode, PROBLEMS } from './problems.ts';
