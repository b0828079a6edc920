import type { Clock } from '@sagewai/clock';
import type { Log } from '@sagewai/log';
import type { Db } from '@sagewai/postgres';

import type { Auditor } from './audit.ts';
import type { Authenticator } from './authenticate.ts';
import type { Drain } from './drain.ts';
import type { FormRoom } from './form-room.ts';
import type { MinuteAllowance } from './minute-allowance.ts';

/** What every step of the pipeline may use. */
export interface Pipeline {
  readonly db: Db;
  readonly authenticate: Authenticator;
  readonly auditor: Auditor;
  readonly clock: Clock;
  readonly log: Log;
  /**
   * Keeps a flood of refusals from filling the disk with audit entries (H5). Every refusal is counted in
   * a metric; what is recorded is bounded, as an entry costs a transaction and some hundred bytes for
   * ever, and a refused request costs its sender nothing. All anonymous callers share one allowance and
   * each known caller has its own, so that a flood cannot hide what a real credential attempts.
   */
  readonly refusals: MinuteAllowance;
  /** Keeps a database that is away, or a bug on a busy endpoint, from filling the log. */
  readonly faultLines: MinuteAllowance;
  readonly drain: Drain;
  readonly forms: FormRoom;
}
