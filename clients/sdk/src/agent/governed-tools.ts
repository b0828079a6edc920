import { type CallOutput, createClient, type SagewaiClient } from '../client.ts';
import { pause } from '../pause.ts';
import type { JsonSchema } from './chat.ts';
import { currentInference } from './scope.ts';
import { type Tool, type ToolContext, ToolWaits } from './tool.ts';

export interface GovernedOptions {
  /** A server of ours; left out, the one that the surroundings name, as a worker does for its runs. */
  readonly client?: Pick<SagewaiClient, 'call'>;
  /** Only these; else all that the caller sees. */
  readonly names?: readonly string[];
  /** What functions of the worker do, by the names of their tools. */
  readonly functions?: Readonly<Record<string, WorkerFunction>>;
  /** How long a call waits for somebody to approve it, where its run cannot give its place up. */
  readonly approvalMs?: number;
  /** How often it is looked whether somebody has. */
  readonly pollMs?: number;
}

export type WorkerFunction = (
  args: Readonly<Record<string, unknown>>,
  context: Pick<ToolContext, 'signal'>,
) => unknown;

type Registered = CallOutput<'tools.listTools'>['tools'][number];
type Answered = CallOutput<'tools.callTool'>;
type Args = Readonly<Record<string, unknown>>;

const APPROVAL_MS = 600_000;
const POLL_MS = 2_000;
/** Beyond the tool's own time: the server ends the call, and tells of it. */
const MARGIN_MS = 10_000;

/**
 * The tools of the project as tools of an agent. Each call goes through the server: it is checked, approved where a
 * person has to, made once, and recorded; a call of a durable run has the key of its step.
 */
export async function governedTools(options: GovernedOptions = {}): Promise<Tool[]> {
  const client = options.client ?? ofSurroundings();
  const { tools } = await client.call('tools.listTools', {});
  // A project's own goes before that of all projects: it comes later.
  const byName = new Map(tools.filter(({ enabled }) => enabled).map((tool) => [tool.name, tool]));
  const wanted = options.names ?? [...byName.keys()];
  return wanted.flatMap((name) => {
    const tool = byName.get(name);
    if (tool === undefined) throw new TypeError(`there is no tool ${name}`);
    const isOurs = tool.kind !== 'worker' || options.functions?.[name] !== undefined;
    if (!isOurs && options.names === undefined) return [];
    if (!isOurs) throw new TypeError(`${name} is a function of the worker: say what it does`);
    return [toTool(tool, { ...options, client })];
  });
}

type Given = GovernedOptions & Required<Pick<GovernedOptions, 'client'>>;

function toTool(tool: Registered, given: Given): Tool {
  const { approvalMs = APPROVAL_MS } = given;
  const isGated = tool.approval || tool.mode === 'destructive';
  return {
    name: tool.name,
    description: tool.description,
    parameters: tool.input_schema as JsonSchema,
    timeoutMs: tool.timeout_ms + MARGIN_MS + (isGated ? approvalMs : 0),
    run: (args: Args, context) => runGoverned(tool, args, context, given),
  };
}

async function runGoverned(
  tool: Registered,
  args: Args,
  context: ToolContext,
  given: Given,
): Promise<unknown> {
  // Without a durable run each call is one of its own, however often it is asked about.
  const key = context.idempotencyKey ?? crypto.randomUUID();
  for (;;) {
    const answer = await ask(tool, args, { key, context, given });
    if (answer.state === 'running' && tool.kind === 'worker' && !answer.repeated) {
      return resultOf(tool, await doHere(tool, args, answer, { context, given }));
    }
    if (answer.state !== 'waiting' && answer.state !== 'approved' && answer.state !== 'running') {
      return resultOf(tool, answer);
    }
    if (answer.state === 'waiting' && answer.run_id !== null && context.mayWait === true) {
      throw new ToolWaits(`tool:${answer.call_id}`);
    }
    await pause(given.pollMs ?? POLL_MS, context.signal);
  }
}

function ask(
  tool: Registered,
  args: Args,
  of: { readonly key: string; readonly context: ToolContext; readonly given: Given },
): Promise<Answered> {
  const { key, context, given } = of;
  const body = { arguments: { ...args }, step: key, idempotency_key: key };
  const timeoutMs = tool.timeout_ms + MARGIN_MS;
  return given.client.call(
    'tools.callTool',
    { params: { tool: tool.name }, body },
    { signal: context.signal, timeoutMs, idempotencyKey: key },
  );
}

async function doHere(
  tool: Registered,
  args: Args,
  { call_id, attempt }: Answered,
  { context, given }: { readonly context: ToolContext; readonly given: Given },
): Promise<Answered> {
  const report = (told: { readonly result?: unknown; readonly error?: string }) =>
    given.client.call('tools.reportToolCall', {
      params: { call_id },
      body: { attempt, ...told },
    });
  const work = given.functions?.[tool.name];
  if (work === undefined) throw new TypeError(`${tool.name} is not a function of this worker`);
  let result: unknown;
  try {
    result = await work(args, context);
  } catch (error) {
    // Broken off, it may have had its effect: the server finds that nobody has told it.
    if (context.signal.aborted) throw error;
    return report({
      error: (error instanceof Error ? error.message : String(error)).slice(0, 2_000),
    });
  }
  return report({ result: result ?? null });
}

function resultOf(tool: Registered, answer: Answered): unknown {
  const { state, message, error, result, call_id: id } = answer;
  const why = message ?? error ?? '';
  if (state === 'completed') return tool.kind === 'mcp' ? textOf(result) : result;
  if (state === 'unknown') {
    throw new Error(`it is not known whether call ${id} had its effect (${why}): do not repeat it`);
  }
  throw new Error(state === 'denied' ? `denied: ${why || 'nobody has approved it'}` : why);
}

/** What an MCP server has said, for a model to read. */
function textOf(result: unknown): unknown {
  const { content } = (result ?? {}) as { readonly content?: unknown };
  if (!Array.isArray(content)) return result;
  const texts = content.map((part) => (part as { readonly text?: unknown }).text);
  return texts.every((text) => typeof text === 'string') ? texts.join('\n') : result;
}

function ofSurroundings(): SagewaiClient {
  const { gateway } = currentInference();
  if (gateway === undefined) {
    throw new TypeError('say which server has the tools: governedTools({ client })');
  }
  return createClient(gateway);
}
