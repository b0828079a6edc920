import type { Metrics } from '@sagewai/telemetry';

import type { Offers } from './mcp/offers.ts';
import type { ActionParts } from './parts.ts';

export interface ActionSettings {
  /** A tool that says nothing of its time. */
  readonly timeoutMsDefault: number;
  readonly resultBytesMaxDefault: number;
  /** A result of more bytes than this stands in the object store. */
  readonly inlineBytesMax: number;
  /** For how long a call waits for a person. */
  readonly decideMs: number;
  /** For how long an approval is good. */
  readonly approvedMs: number;
  /** After its time, a call whose end was not written is unknown. */
  readonly graceMs: number;
  /** For how long what is over is kept. */
  readonly keepMs: number;
  readonly retryDelayMs: number;
  /** How often a call that is under way elsewhere is looked at. */
  readonly lookEveryMs: number;
  readonly sweepEveryMs: number;
  /** Programs, with all their arguments, that may be started as MCP servers; none unless the operator names them. */
  readonly commands: readonly string[];
}

export const ACTION_DEFAULTS: ActionSettings = {
  timeoutMsDefault: 30_000,
  resultBytesMaxDefault: 1_048_576,
  inlineBytesMax: 16_384,
  decideMs: 7 * 86_400_000,
  approvedMs: 86_400_000,
  graceMs: 5_000,
  keepMs: 90 * 86_400_000,
  retryDelayMs: 200,
  lookEveryMs: 50,
  sweepEveryMs: 5_000,
  commands: [],
};

export type ActionOptions = Omit<
  ActionParts,
  'schemas' | 'settings' | 'meters' | 'ends' | 'offers'
> & {
  readonly offers?: Offers;
  readonly metrics?: Metrics | undefined;
  readonly settings?: Partial<ActionSettings>;
};
