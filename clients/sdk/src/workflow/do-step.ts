import type { StepCall, StepOptions } from './context.ts';
import type { Doing } from './doing.ts';
import { isUnrecoverable } from './failed-step.ts';
import { pause, within } from './patience.ts';
import { NEVER, type Steps } from './steps.ts';

const RETRY_DELAY_MS = 1_000;

type Work<Output> = (step: StepCall) => Output | Promise<Output>;

/** `ctx.step`: tries it as often as it says, until its end is journaled. */
export async function doStep<Output>(
  steps: Steps,
  { name, work }: { readonly name: string; readonly work: Work<Output> },
  options: StepOptions,
): Promise<Output> {
  const { input } = options;
  const answer = await steps.perform({ name, kind: 'step', input }, (doing) =>
    tryUntilDone(steps, doing, { work, ...options }),
  );
  return answer as Output;
}

async function tryUntilDone<Output>(
  steps: Steps,
  doing: Doing,
  {
    work,
    retries = 0,
    retryDelayMs = RETRY_DELAY_MS,
    timeoutMs,
  }: StepOptions & { work: Work<Output> },
): Promise<unknown> {
  const { key, begun } = doing;
  const { signal } = steps;
  const idempotencyKey = `${steps.runId}:${key}`;
  for (let again = 0; ; again += 1) {
    const tries = (begun?.tries ?? 0) + again + 1;
    // For people who watch: nobody waits for it, and nothing depends on it.
    const tell = setTimeout(() => {
      void doing.write({ state: 'running', tries });
    }, steps.tellBegunAfterMs);
    try {
      const call = { idempotencyKey, key, tried: tries, signal };
      const value = await within(
        Promise.resolve().then(() => work(call)),
        timeoutMs,
      );
      clearTimeout(tell);
      return await doing.complete(value, tries);
    } catch (cause) {
      clearTimeout(tell);
      if (steps.isOver) return NEVER;
      const isFinal = isUnrecoverable(cause);
      const message = cause instanceof Error ? cause.message : String(cause);
      if (isFinal || again >= retries) return doing.fail({ message, cause, isFinal, tries });
    }
    await pause(retryDelayMs * 2 ** again, signal);
  }
}
