/**
 * What a workflow is written against. It may be run again from its beginning, on another machine, after any of
 * these calls: what has finished is answered from the run's journal and not done again. So everything that
 * has an effect, takes long or may come out differently belongs into a step; the rest must be the same each time.
 */
export interface WorkflowContext {
  readonly runId: string;
  /** Aborts when the run is cancelled, or its lease is lost. */
  readonly signal: AbortSignal;
  /**
   * Does something once. The answer is JSON, and stands in the journal before this resolves. A step whose effect
   * has happened while its end could not be journaled is done again, with the same `idempotencyKey`.
   */
  step<Output>(
    name: string,
    work: (step: StepCall) => Output | Promise<Output>,
    options?: StepOptions,
  ): Promise<Output>;
  /** Long ones give the place on the worker up. */
  sleep(name: string, ms: number): Promise<void>;
  waitFor(wish: SignalWish): Promise<SignalAnswer>;
  waitFor(wish: ApprovalWish): Promise<ApprovalAnswer>;
  /** Another run under this one; what it answers. Throws a `StepFailed` when it does not complete. */
  child<Output = unknown>(name: string, run: ChildRun): Promise<Output>;
  /** 0 to 1; the same numbers each time. */
  random(): number;
  /** When the latest of what was answered here had ended; at first, when the run was submitted. */
  now(): Date;
}

export interface StepCall {
  /** `<run>:<name>#<ordinal>`: the same however often the step is tried, and of no other step. */
  readonly idempotencyKey: string;
  /** `<name>#<ordinal>`; a model call that carries it as the tag `step:<key>` is counted to the step. */
  readonly key: string;
  /** From 1. */
  readonly tried: number;
  readonly signal: AbortSignal;
}

export interface StepOptions {
  /** What the step is given, as JSON. When it has changed since, the program is not the one that was journaled. */
  readonly input?: unknown;
  /** Further tries after one that threw; none unless said. */
  readonly retries?: number;
  /** Before the first of them; doubles. A second unless said. */
  readonly retryDelayMs?: number;
  readonly timeoutMs?: number;
}

export interface SignalWish {
  readonly signal: string;
  readonly timeoutMs?: number;
}

export interface ApprovalWish {
  readonly approval: string;
  /** For whoever decides. */
  readonly prompt?: string;
  readonly timeoutMs?: number;
}

export type SignalAnswer =
  | { readonly kind: 'signal'; readonly value: unknown; readonly by: string | null }
  | { readonly kind: 'timeout' };

export type ApprovalAnswer =
  | { readonly kind: 'approved' | 'denied'; readonly value: unknown; readonly by: string | null }
  | { readonly kind: 'timeout' };

/** What a child is to do: a workflow by name, or a payload of the built-in one. */
export interface ChildRun {
  readonly workflow?: string;
  readonly input?: unknown;
  readonly payload?: Readonly<Record<string, unknown>>;
  readonly pool?: string;
  readonly model?: string;
  readonly labels?: Readonly<Record<string, string>>;
}

/** A program whose finished steps survive whoever runs it. */
export type Workflow<Input, Output> = (ctx: WorkflowContext, input: Input) => Promise<Output>;
