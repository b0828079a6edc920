import type { Permission } from '@sagewai/wire';

import type { EndpointId } from './server.ts';

/** Which permission each action of the console needs; a test compares it with the contract. */
export const NEEDS = {
  'runs.submitRun': 'run:submit',
  'runs.cancelRun': 'run:cancel',
  'runs.cancelRuns': 'run:cancel',
  'runs.replayRun': 'run:redrive',
  'runs.approveRun': 'run:approve',
  'runs.denyRun': 'run:approve',
  'runs.signalRun': 'run:signal',
  'tools.updateTool': 'tool:write',
  'tools.approveToolCall': 'tool:approve',
  'tools.denyToolCall': 'tool:approve',
  'tools.redriveToolCall': 'tool:redrive',
  'fleet.approveWorker': 'fleet:administer',
  'fleet.rejectWorker': 'fleet:administer',
  'fleet.drainWorker': 'fleet:administer',
  'fleet.undrainWorker': 'fleet:administer',
  'fleet.evictWorker': 'fleet:administer',
  'fleet.banWorker': 'fleet:administer',
  'fleet.unlockWorker': 'fleet:administer',
  'fleet.createEnrollmentKey': 'fleet:administer',
  'fleet.revokeEnrollmentKey': 'fleet:administer',
  'fleet.pause': 'fleet:administer',
  'fleet.resume': 'fleet:administer',
  'fleet.redriveDeadLetter': 'run:redrive',
  'fleet.discardDeadLetter': 'run:cancel',
  'fleet.redriveDeadLetters': 'run:redrive',
  'fleet.discardDeadLetters': 'run:cancel',
  'runs.triggerSchedule': 'schedule:write',
  'runs.updateSchedule': 'schedule:write',
  'gateway.createKey': 'key:write',
  'gateway.updateKey': 'key:write',
  'gateway.revokeKey': 'key:write',
  'ledger.setBudget': 'budget:write',
  'identity.setAccountActive': 'account:write',
  'identity.createInvitation': 'account:write',
  'identity.createToken': 'token:write',
  'identity.revokeToken': 'token:write',
  'identity.endOwnSession': 'account:self',
} as const satisfies Partial<Record<EndpointId, Permission>>;

export type ActionId = keyof typeof NEEDS;
