export { createEgress, type Egress, type EgressOptions } from './egress.ts';
export type { Resolve } from './guarded-connect.ts';
