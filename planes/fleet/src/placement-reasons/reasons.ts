import { behind } from './behind.ts';
import { capped } from './capped.ts';
import { directed } from './directed.ts';
import { draining } from './draining.ts';
import { ended } from './ended.ts';
import { full } from './full.ts';
import { labelsMissing } from './labels-missing.ts';
import { noModel } from './no-model.ts';
import { noVersion } from './no-version.ts';
import { noWorker } from './no-worker.ts';
import { otherProject } from './other-project.ts';
import { paused } from './paused.ts';
import { rateLimited } from './rate-limited.ts';
import type { Reason } from './reason.ts';
import { running } from './running.ts';
import { scheduled } from './scheduled.ts';
import { silent } from './silent.ts';
import { unreachable } from './unreachable.ts';
import { waiting } from './waiting.ts';

/** Every reason there is, in the order in which they are told. */
export const REASONS: readonly Reason[] = [
  ended,
  running,
  waiting,
  scheduled,
  paused,
  capped,
  rateLimited,
  directed,
  noWorker,
  noModel,
  labelsMissing,
  noVersion,
  otherProject,
  unreachable,
  silent,
  draining,
  full,
  behind,
];
