import type { JsonSchema } from './chat.ts';
import type { Spent } from './check-spend.ts';

/** What a tool is told beside its arguments. */
export interface ToolContext {
  /** Ends with the run, and when the tool's time is over. */
  readonly signal: AbortSignal;
  /** The same however often this very call is tried; present on a durable run. */
  readonly idempotencyKey: string | null;
  /** The run can give its place up until a signal comes: a tool that waits for a person throws `ToolWaits`. */
  readonly mayWait?: boolean;
  /** How many agents stand above this call. */
  readonly depth: number;
  /** Counts what the tool has spent on models to the run. */
  readonly charge: (spent: Spent) => void;
}

export interface Tool {
  readonly name: string;
  /** What it is good for, for the model. */
  readonly description: string;
  /** Of its arguments, an object. */
  readonly parameters: JsonSchema;
  /** Answers text, or JSON. What it throws, the model is told. */
  readonly run: (args: never, context: ToolContext) => unknown;
  readonly timeoutMs?: number;
  /** More of an answer is cut off. */
  readonly charsMax?: number;
  /** A person decides about each call; nobody to ask is a no. */
  readonly needsApproval?: boolean;
}

/** Thrown by a tool of a durable run: it is to be called again, with the same key, when the signal has come. */
export class ToolWaits extends Error {
  readonly signal: string;

  constructor(signal: string) {
    super(`waits for ${signal}`);
    this.name = 'ToolWaits';
    this.signal = signal;
  }
}

/** A tool, with the types of its arguments. */
export function defineTool<Args extends Readonly<Record<string, unknown>>>(
  tool: Omit<Tool, 'run'> & { readonly run: (args: Args, context: ToolContext) => unknown },
): Tool {
  if (!TOOL_NAME.test(tool.name)) {
    throw new TypeError(
      `${JSON.stringify(tool.name)} is no name of a tool: letters, digits, _ and -`,
    );
  }
  return tool as Tool;
}

/** What every provider takes. */
export const TOOL_NAME = /^[\w-]{1,64}$/;
