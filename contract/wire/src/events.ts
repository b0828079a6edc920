import { ALERT_TYPES } from './alerts.ts';

/** What is told of a run: its id and state, nothing of what it holds. */
export const RUN_EVENTS = ['run.completed', 'run.failed', 'run.cancelled', 'run.waiting'] as const;
export type RunEventType = (typeof RUN_EVENTS)[number];

/** Operations whose entries in the audit log are told under a name of their own. */
export const NAMED_EVENTS = {
  'gateway.createKey': 'key.created',
  'gateway.updateKey': 'key.updated',
  'gateway.rotateKey': 'key.rotated',
  'gateway.revokeKey': 'key.revoked',
  'fleet.registerWorker': 'worker.registered',
  'fleet.approveWorker': 'worker.approved',
  'fleet.rejectWorker': 'worker.rejected',
  'fleet.revokeWorker': 'worker.dismissed',
  'fleet.drainWorker': 'worker.drained',
  'fleet.evictWorker': 'worker.evicted',
  'fleet.banWorker': 'worker.banned',
  'fleet.unlockWorker': 'worker.unlocked',
} as const satisfies Readonly<Record<string, string>>;

/** Of every payload: it grows by fields, and this number when one changes or goes. */
export const EVENT_VERSION = 1;

interface EventKind {
  readonly type: string;
  /** The fields of its `data`. */
  readonly data: readonly string[];
}

const ENTRY = ['seq', 'action', 'actor', 'subject', 'outcome'] as const;

/** Every type that a webhook can ask for by name; `audit.<operation>` beside them. */
export const EVENT_KINDS: readonly EventKind[] = [
  ...RUN_EVENTS.map((type) => ({ type, data: ['run_id', 'state'] })),
  ...Object.values(NAMED_EVENTS).map((type) => ({ type, data: ENTRY })),
  ...ALERT_TYPES.map((type) => ({ type, data: ['as docs/guides say of the alert'] })),
  { type: 'audit.*', data: ENTRY },
];

const KNOWN: ReadonlySet<string> = new Set(EVENT_KINDS.map(({ type }) => type));
const GROUPS: ReadonlySet<string> = new Set(
  [...KNOWN].map((type) => `${type.slice(0, type.indexOf('.'))}.*`),
);

/** A type, `<group>.*`, `*`, or `audit.` and an operation or the beginning of one. */
export function isEventPattern(pattern: string): boolean {
  return (
    pattern === '*' ||
    KNOWN.has(pattern) ||
    GROUPS.has(pattern) ||
    /^audit\.[a-z_]+\.(\*|[A-Za-z_]+\*?)$/.test(pattern)
  );
}

/** Whether anything but alerts is asked for: the audit log has to be read for it. */
export function readsTheLog(patterns: readonly string[]): boolean {
  const alerts: readonly string[] = ALERT_TYPES;
  return patterns.some((pattern) => !alerts.includes(pattern));
}
