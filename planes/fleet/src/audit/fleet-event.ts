/** How entries of the audit log are read as events of the fleet. */
import type { ChainEntry, FleetEventType } from '@sagewai/wire';

/** The entries that an event is made of; each stands for one, or for a batch of runs. */
export const ACTIONS_OF = {
  'worker.registered': ['fleet.registerWorker'],
  'worker.approved': ['fleet.approveWorker', 'fleet.unlockWorker'],
  'worker.approval_given': ['fleet.approveWorker'],
  'worker.rejected': ['fleet.rejectWorker'],
  'worker.revoked': ['fleet.revokeWorker', 'worker.revoked'],
  'worker.heartbeat_missed': ['worker.heartbeat_missed'],
  'worker.evicted': ['fleet.evictWorker'],
  'worker.banned': ['fleet.banWorker'],
  'worker.locked': ['worker.locked'],
  'worker.drained': ['worker.drained'],
  'worker.resumed': ['worker.resumed'],
  'worker.anomaly': ['worker.anomaly'],
  'worker.reset': ['fleet.resetWorker'],
  'enrollment_key.created': ['fleet.createEnrollmentKey', 'fleet.rotateEnrollmentKey'],
  'enrollment_key.revoked': ['fleet.revokeEnrollmentKey'],
  'enrollment_key.used': ['enrollment_key.used'],
  'run.claimed': ['run.claimed'],
  'run.reported': ['run.reported'],
  'run.timeout': ['run.expired', 'run.taken_back'],
  'run.stalled': ['run.stalled'],
  'queue.unmatchable': ['queue.unmatchable'],
  'token.issued': ['fleet.issueWorkerToken', 'fleet.issueToken'],
  'token.revoked': ['fleet.revokeToken'],
} as const satisfies Record<FleetEventType, readonly string[]>;

/** Entries of batches: what they are about stands in their details. */
export const BATCH_ACTIONS: readonly string[] = [
  ...ACTIONS_OF['run.claimed'],
  ...ACTIONS_OF['run.reported'],
  ...ACTIONS_OF['run.timeout'],
];

const TYPE_OF: ReadonlyMap<string, FleetEventType> = new Map(
  Object.entries(ACTIONS_OF)
    .filter(([type]) => type !== 'worker.approval_given')
    .flatMap(([type, actions]) =>
      actions.map((action) => [action, type as FleetEventType] as const),
    ),
);

/** An approval that another one must follow has approved nothing yet: its details say so. */
function typeOf(
  { action }: ChainEntry,
  { approvals: given, approvals_needed: needed }: Readonly<Record<string, unknown>>,
): FleetEventType | undefined {
  if (typeof given === 'number' && typeof needed === 'number' && given < needed) {
    return 'worker.approval_given';
  }
  return TYPE_OF.get(action);
}

export interface FleetEvent {
  readonly seq: number;
  /** Its place among the events of the entry. */
  readonly index: number;
  readonly type: FleetEventType;
  /** Of the entry, `worker:<id>`; or the short name of one in a batch. */
  readonly worker: string | number | null;
  readonly subject: string | null;
  readonly actor: string;
  readonly details: Readonly<Record<string, unknown>>;
  readonly at: string;
}

/** The events of one entry; none, when it is refused or not the fleet's. */
export function eventsOf(entry: ChainEntry): FleetEvent[] {
  if (!TYPE_OF.has(entry.action) || entry.outcome !== 'ok') return [];
  const { ids, workers, ...details } = JSON.parse(entry.details) as Record<string, unknown>;
  const type = typeOf(entry, details);
  if (type === undefined) return [];
  const common = { seq: entry.seq, type, actor: entry.actor, at: entry.at };
  if (typeof ids !== 'string') {
    const worker = entry.subject.startsWith('worker:') ? entry.subject.slice(7) : null;
    const subject = entry.subject === 'batch' ? null : entry.subject;
    return [{ ...common, index: 0, worker, subject, details }];
  }
  const nums = typeof workers === 'string' ? workers.split(' ').map(Number) : [];
  return ids.split(' ').map((id, index) => ({
    ...common,
    index,
    // 0: nobody had it.
    worker: nums[index] || null,
    subject: `run:${id}`,
    details: { batch: details['count'], digest: details['digest'] },
  }));
}
