/** Runs that wait for a person, or for a signal, and what ends their wait. */
import { Type } from 'typebox';

import { endpoint } from './endpoint.ts';
import { waitKind } from './run-wait.ts';
import { runState } from './runs.ts';
import { id } from './schemas.ts';
import { PRINTABLE_PATTERN } from './tags.ts';
import { epoch } from './worker.ts';

export const WAIT_MS_MAX = 90 * 86_400_000;
export const RESUME_VALUE_BYTES_MAX = 65_536;

const ofRun = Type.Object({ run_id: id });
const name = Type.String({ minLength: 1, maxLength: 200, pattern: PRINTABLE_PATTERN });

export const waitForResume = endpoint({
  id: 'fleet.waitForResume',
  method: 'POST',
  path: '/api/v1/fleet/runs/{run_id}/wait',
  surface: 'fleet',
  summary: 'Give a lease up until somebody approves, a signal comes, or the time is up',
  permission: 'fleet:report',
  audit: 'batch',
  params: ofRun,
  body: Type.Object({
    epoch,
    for: waitKind,
    name,
    /** For whoever decides. */
    prompt: Type.Optional(Type.String({ maxLength: 8_192, pattern: PRINTABLE_PATTERN })),
    /** A week unless said. */
    timeout_seconds: Type.Optional(Type.Number({ minimum: 0, maximum: WAIT_MS_MAX / 1_000 })),
  }),
  output: Type.Object({
    /** `queued`: its signal had come before. `cancelled`: the run has ended. */
    state: Type.Union([Type.Literal('waiting'), Type.Literal('queued'), Type.Literal('cancelled')]),
    /** The same lease had begun this wait. */
    repeated: Type.Boolean(),
  }),
});

const answered = Type.Object({
  id,
  state: runState,
  /** False: a signal that is kept until the run waits for it. */
  resumed: Type.Boolean(),
});

const decision = Type.Object({
  /** Only this wait; a later one of the same run is not meant. */
  wait: Type.Optional(epoch),
  /** Only a wait of this name. */
  name: Type.Optional(name),
  /** For the run: up to 64 KiB of JSON. */
  value: Type.Optional(Type.Unknown()),
});

export const approveRun = endpoint({
  id: 'runs.approveRun',
  method: 'POST',
  path: '/api/v1/runs/{run_id}/approve',
  surface: 'own',
  summary: 'Let a run go on that waits for approval',
  permission: 'run:approve',
  audit: 'record',
  params: ofRun,
  body: decision,
  output: answered,
});

export const denyRun = endpoint({
  id: 'runs.denyRun',
  method: 'POST',
  path: '/api/v1/runs/{run_id}/deny',
  surface: 'own',
  summary:
    'Tell a run that waits for approval that it is denied; what follows is its own to decide',
  permission: 'run:approve',
  audit: 'record',
  params: ofRun,
  body: decision,
  output: answered,
});

export const signalRun = endpoint({
  id: 'runs.signalRun',
  method: 'POST',
  path: '/api/v1/runs/{run_id}/signal',
  surface: 'own',
  summary: 'Send a run a signal; one that nobody waits for yet is kept',
  permission: 'run:signal',
  audit: 'record',
  params: ofRun,
  body: Type.Object({ name, value: Type.Optional(Type.Unknown()) }),
  output: answered,
});
