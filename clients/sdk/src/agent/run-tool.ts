import type { ToolCall } from './chat.ts';
import { mistakesIn } from './check-schema.ts';
import { type Tool, type ToolContext, ToolWaits } from './tool.ts';

export type ToolOutcome =
  | { readonly kind: 'done'; readonly text: string }
  /** The model is told, and may do better. */
  | { readonly kind: 'failed'; readonly text: string };

/** It is called again when a signal has come. */
export interface ToolWait {
  readonly kind: 'waits';
  readonly signal: string;
}

export interface ToolLimits {
  readonly toolTimeoutMs: number;
  readonly toolCharsMax: number;
}

export type ReadCall =
  | { readonly kind: 'read'; readonly tool: Tool; readonly args: Readonly<Record<string, unknown>> }
  | { readonly kind: 'failed'; readonly text: string };

/** What a model asks for: a tool that there is, with arguments that it takes. */
export function readCall(call: ToolCall, tools: readonly Tool[]): ReadCall {
  const tool = tools.find(({ name }) => name === call.name);
  if (tool === undefined) {
    const names = tools.map(({ name }) => name).join(', ') || 'none';
    return failed(
      `there is no tool ${JSON.stringify(call.name.slice(0, 100))}; there are: ${names}`,
    );
  }
  let args: unknown;
  try {
    args = call.arguments.trim() === '' ? {} : JSON.parse(call.arguments);
  } catch (error) {
    return failed(`the arguments are no JSON: ${messageOf(error)}`);
  }
  if (typeof args !== 'object' || args === null || Array.isArray(args)) {
    return failed('the arguments must be a JSON object');
  }
  const mistakes = mistakesIn(args, tool.parameters);
  if (mistakes.length > 0) return failed(`the arguments are wrong: ${mistakes.join('; ')}`);
  return { kind: 'read', tool, args: args as Readonly<Record<string, unknown>> };
}

/** Runs a tool within its time, and bounds what it answers. Rejects only when the run is over. */
export async function runTool(
  { tool, args }: Extract<ReadCall, { kind: 'read' }>,
  context: ToolContext,
  limits: ToolLimits,
): Promise<ToolOutcome | ToolWait> {
  const timeoutMs = tool.timeoutMs ?? limits.toolTimeoutMs;
  const late = new AbortController();
  const timer = setTimeout(() => {
    late.abort(new DOMException(`no answer within ${timeoutMs / 1_000} s`, 'TimeoutError'));
  }, timeoutMs);
  const signal = AbortSignal.any([context.signal, late.signal]);
  try {
    const work = (async () => tool.run(args as never, { ...context, signal }))();
    const value = await endedBy(work, signal);
    return { kind: 'done', text: bounded(toText(value), tool.charsMax ?? limits.toolCharsMax) };
  } catch (thrown) {
    if (context.signal.aborted) throw context.signal.reason;
    if (thrown instanceof ToolWaits) return { kind: 'waits', signal: thrown.signal };
    return failed(bounded(messageOf(thrown), 2_000));
  } finally {
    clearTimeout(timer);
  }
}

/** A tool that does not hear its signal is left behind: what it still says nobody reads. */
async function endedBy<Output>(work: Promise<Output>, signal: AbortSignal): Promise<Output> {
  const ended = Promise.withResolvers<never>();
  const end = (): void => ended.reject(signal.reason as Error);
  if (signal.aborted) end();
  else signal.addEventListener('abort', end, { once: true });
  work.catch(() => undefined);
  try {
    return await Promise.race([work, ended.promise]);
  } finally {
    signal.removeEventListener('abort', end);
  }
}

function toText(value: unknown): string {
  if (typeof value === 'string') return value;
  return value === undefined ? 'done' : JSON.stringify(value);
}

function bounded(text: string, charsMax: number): string {
  if (text.length <= charsMax) return text;
  return `${text.slice(0, charsMax)}\n[${text.length - charsMax} more characters are left out]`;
}

const failed = (why: string): { readonly kind: 'failed'; readonly text: string } => ({
  kind: 'failed',
  text: `error: ${why}`,
});

const messageOf = (thrown: unknown): string =>
  thrown instanceof Error ? thrown.message : String(thrown);
