import type { ToolCall } from './chat.ts';
import { addSpent, NOTHING_SPENT, type Spent } from './check-spend.ts';
import { checkText } from './check-text.ts';
import type { RunOptions, StepContext } from './run-options.ts';
import { readCall, runTool, type ToolOutcome } from './run-tool.ts';
import type { UniversalAgent } from './universal-agent.ts';

export interface TakenCall extends Spent {
  readonly outcome: ToolOutcome;
}

/** One call of a tool: read, looked at, approved, done as a step, looked at again. */
export async function takeCall(
  agent: UniversalAgent,
  call: ToolCall,
  of: {
    readonly step: string;
    readonly ctx: StepContext;
    readonly signal: AbortSignal;
    readonly options: RunOptions;
  },
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
  const done = await of.ctx.step(of.step, async ({ idempotencyKey }) => {
    let spent = NOTHING_SPENT;
    const outcome = await runTool(
      read,
      {
        signal: of.signal,
        idempotencyKey: of.options.ctx === undefined ? null : idempotencyKey,
        depth: of.options.depth ?? 0,
        charge: (more) => {
          spent = addSpent(spent, more);
        },
      },
      agent.limits,
    );
    return { outcome, ...spent };
  });
  const said = await checkText(guardrails, 'result', done.outcome.text, about);
  if (said.kind === 'blocked') return { ...done, outcome: refused(said.reason).outcome };
  return { ...done, outcome: { ...done.outcome, text: said.text } };
}

const taken = (outcome: ToolOutcome): TakenCall => ({ outcome, ...NOTHING_SPENT });

const refused = (reason: string): TakenCall =>
  taken({ kind: 'failed', text: `error: refused: ${reason}` });
