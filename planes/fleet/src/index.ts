export type { FleetOptions } from './fleet-options.ts';
export { describeRuns } from './audit/describe-runs.ts';
export { createFleet, type Fleet } from './fleet.ts';
export { FLEET_DEFAULTS, type FleetSettings } from './settings.ts';
export { organizationKeyContext } from './secrecy/wrap-keys.ts';
export { secretContext as triggerContext } from './triggers/trigger.ts';
export { cancelProject } from './dead-letters/cancel-project.ts';
