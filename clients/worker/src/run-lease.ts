import { type SagewaiClient, SagewaiError, type WorkerCredentials } from '@sagewai/sdk';
import { type InferenceScope, withInference } from '@sagewai/sdk/workflow';

import { beginWait } from './begin-wait.ts';
import { createChildRuns } from './child-runs.ts';
import { redactDeep } from './credentials/redact.ts';
import { runEnvironment, withCredentials } from './credentials/run-scope.ts';
import { runDurable, workflowNameOf } from './durable/run-durable.ts';
import { type Lease, toWire, type WireLeaseName } from './lease.ts';
import { createModelCaller } from './models/create-model-caller.ts';
import { ModelCallFailed } from './models/post-chat.ts';
import type { Report } from './outbox.ts';
import { redactShapes } from './redact-shapes.ts';
import { createRunJournal } from './run-journal.ts';
import { openPayload, sealReport } from './seal-report.ts';
import { openSealed, quieted, type SealedRun } from './sealed-run.ts';
import type { Session } from './session.ts';
import type { WorkerOptions } from './worker-options.ts';
import { runAgent } from './workflows/agent.ts';
import { RunFailed, RunWaits } from './workflows/workflow.ts';

/** Why a run is stopped before its end. A lost one is not reported. */
export class RunStopped extends Error {
  readonly reason: 'cancelled' | 'lost' | 'drained';

  constructor(reason: 'cancelled' | 'lost' | 'drained') {
    super(`the run was ${reason}`);
    this.name = 'RunStopped';
    this.reason = reason;
  }
}

const ERROR_LENGTH_MAX = 4_000;
/** How long the last events of a run may hold up its report. */
const LAST_EVENTS_MS = 2_000;

type RunOptions = Pick<
  WorkerOptions,
  'providers' | 'credentials' | 'environment' | 'sealKey' | 'send' | 'sendToProvider' | 'workflows'
>;

/** Runs one lease to its end and says what to report: null when it is not ours to report any more. */
export async function runLease(
  lease: Lease,
  session: Session,
  options: RunOptions,
  signal: AbortSignal,
): Promise<Report | null> {
  const report = await execute(lease, session, options, signal);
  return report === null ? null : sealReport(report, lease);
}

async function execute(
  lease: Lease,
  session: Session,
  options: RunOptions,
  signal: AbortSignal,
): Promise<Report | null> {
  const ours = toWire(lease);
  const { client } = session;
  const { providers, send, sendToProvider } = options;
  const { redact } = options.credentials;
  let sealed: SealedRun | null = null;
  const voice = createRunJournal({
    client,
    lease,
    redact: (text) => redactShapes(redact(text)),
  });
  try {
    const own = await options.credentials.take();
    const given = openPayload(lease);
    sealed = openSealed(given, lease, options.sealKey);
    const callModel = createModelCaller({
      client,
      send,
      sendToProvider,
      lease,
      credentials: providers,
      signal,
      redact,
      isSealed: sealed !== null,
    });
    const payload = sealed === null ? given : sealed.payload;
    const heard = sealed === null ? voice : quieted(voice);
    const { model, resume } = lease;
    const isSealed = sealed !== null;
    const children = createChildRuns({ client, send, lease, redact, signal, isSealed });
    const env = runEnvironment(options.environment);
    const workflow = workflowNameOf(payload);
    const output = await withCredentials(own, () =>
      workflow === null
        ? runAgent({ payload, model, callModel, children, env, voice: heard, resume, signal })
        : withInference(inferenceOf(own, client, lease), () =>
            runDurable(workflow, options.workflows, payload, {
              client,
              send,
              lease,
              redact,
              signal,
              isSealed,
            }),
          ),
    );
    const report = { ...ours, status: 'completed', output: redactDeep(output, redact) } as const;
    return sealed === null ? report : sealed.seal(report);
  } catch (thrown) {
    const failure = await waitIfAsked(thrown, async (wait) => {
      await voice.close(LAST_EVENTS_MS);
      await beginWait(client, lease, sealed === null ? wait : unprompted(wait), signal);
    });
    if (failure === null) return null;
    if (signal.reason instanceof RunStopped) return reportOfStopped(signal.reason, ours);
    const reason = failure.message;
    const error = redact(reason).slice(0, ERROR_LENGTH_MAX).toWellFormed();
    if (sealed === null) voice.log(error, 'error');
    const isMissing = failure instanceof ModelCallFailed && failure.status === 404;
    const what = isMissing ? { error_class: 'model_missing' } : {};
    const retry = isWorthAnother(failure);
    const report = { ...ours, status: 'failed', error, retry, ...what } as const;
    return sealed === null ? report : sealed.seal(report);
  } finally {
    // Before the report: with it the lease is gone, and nothing is taken any more.
    await voice.close(signal.aborted ? 0 : LAST_EVENTS_MS);
  }
}

/** Whom agents of the run call who name nobody themselves: whom the worker names, else us, as the run. */
const inferenceOf = (
  credentials: WorkerCredentials,
  { url }: Pick<SagewaiClient, 'url'>,
  { runToken: token }: Lease,
): InferenceScope => ({ credentials, gateway: { url, token } });

/** A prompt is stored where the server can read it. */
function unprompted({ wait: { prompt: _prompt, ...wait } }: RunWaits): RunWaits {
  return new RunWaits(wait);
}

const asError = (thrown: unknown): Error =>
  thrown instanceof Error ? thrown : new Error(String(thrown));

/** Null when the run waits now; else what went wrong. */
async function waitIfAsked(
  thrown: unknown,
  begin: (wait: RunWaits) => Promise<void>,
): Promise<Error | null> {
  if (!(thrown instanceof RunWaits)) return asError(thrown);
  try {
    await begin(thrown);
    return null;
  } catch (failure) {
    return asError(failure);
  }
}

/** The circumstances failed, not the run: another attempt may find better ones. */
function isWorthAnother(thrown: unknown): boolean {
  if (thrown instanceof SagewaiError) return thrown.retryable && thrown.status !== 429;
  return thrown instanceof RunFailed && thrown.retry;
}

function reportOfStopped({ reason }: RunStopped, ours: WireLeaseName): Report | null {
  if (reason === 'lost') return null;
  if (reason === 'cancelled') return { ...ours, status: 'cancelled' };
  // Handed back: somebody else begins it anew, and the attempt does not count.
  return { ...ours, status: 'released' };
}
