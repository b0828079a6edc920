import type { ToolCall } from './chat.ts';
import { addSpent, NOTHING_SPENT, type Spent } from './check-spend.ts';
import { checkText } from './check-text.ts';
import type { RunOptions, StepContext } from './run-options.ts';
import { type ReadCall, readCall, runTool, type ToolOutcome } from './run-tool.ts';
import type { ToolContext } from './tool.ts';
import type { UniversalAgent } from './universal-agent.ts';

export interface TakenCall extends Spent {
  readonly outcome: ToolOutcome;
}

interface Calling {
  readonly step: string;
  readonly ctx: StepContext;
  readonly signal: AbortSignal;
  readonly options: RunOptions;
}

/** One call of a tool: read, looked at, approved, done as a step, looked at again. */
export async function takeCall(
  agent: UniversalAgent,
  call: ToolCall,
  of: Calling,
): Promise<TakenCall> {
  const { guardrails, tools = [] } = agent.config;
  const about = { agent: agent.name, tool: call.name };
  const asked = await checkText(guardrails, 'call', call.arguments, about);
  if (asked.kind === 'blocked') return refused(asked.reason);
  const read = readCall({ ...call, arguments: asked.text }, tools);
  if (read.kind === 'failed') return taken(read);
  if (read.tool.needsApproval === true) {
    const approval = await of.options.approve?.({
      ...about,
      tool: call.name,
      arguments: asked.text,
    });
    if (approval?.kind !== 'approved') {
      return refused(approval?.reason ?? 'nobody has approved this call');
    }
  }
  const done = await callAsSteps(agent, read, of);
  const said = await checkText(guardrails, 'result', done.outcome.text, about);
  if (said.kind === 'blocked') return { ...done, outcome: refused(said.reason).outcome };
  return { ...done, outcome: { ...done.outcome, text: said.text } };
}

/**
 * A step; and another one after each signal that the tool waits for, by the key of the first: to whoever takes the
 * effect it is one call.
 */
async function callAsSteps(
  agent: UniversalAgent,
  read: Extract<ReadCall, { kind: 'read' }>,
  { step, ctx, signal, options }: Calling,
): Promise<TakenCall> {
  let key: string | null = null;
  let before: Spent = NOTHING_SPENT;
  for (let times = 0; ; times += 1) {
    const done = await ctx.step(times === 0 ? step : `${step} again`, async (call) => {
      let spent = NOTHING_SPENT;
      const idempotencyKey = options.ctx === undefined ? null : (key ?? call.idempotencyKey);
      const context: ToolContext = {
        signal,
        idempotencyKey,
        mayWait: ctx.waitFor !== undefined,
        depth: options.depth ?? 0,
        charge: (more) => {
          spent = addSpent(spent, more);
        },
      };
      const outcome = await runTool(read, context, agent.limits);
      return { outcome, key: idempotencyKey, ...spent };
    });
    const { outcome, key: used, ...spent } = done;
    before = addSpent(before, spent);
    if (outcome.kind !== 'waits') return { outcome, ...before };
    key = used;
    if (ctx.waitFor === undefined) throw new TypeError('a tool waits that may not');
    await ctx.waitFor({ signal: outcome.signal });
  }
}

const taken = (outcome: ToolOutcome): TakenCall => ({ outcome, ...NOTHING_SPENT });

const refused = (reason: string): TakenCall =>
  taken({ kind: 'failed', text: `error: refused: ${reason}` });
