export { createEgress, type Egress, type EgressOptions } from './egress.ts';
export type { Resolve } from './guarded-connect.ts';
export { createPublicEgress, type PublicEgress } from './public-egress.ts';
