import { Fault } from '@sagewai/fault';
import type { StreamInput } from '@sagewai/http';
import type { Exceeded, SoftCall, SoftVerdict } from '@sagewai/ledger';

import { headerText } from '../answers/header-text.ts';
import { readOrigin } from '../calls/call-origin.ts';
import type { DecideCall, DecidedCall } from '../calls/decide-call.ts';
import type { Format } from '../formats/format.ts';

/** Asked before every call; a plain value unless the database must be waited for. */
export type JudgeSpend = (call: SoftCall) => SoftVerdict | Promise<SoftVerdict>;

/** What a call was told that its agent has spent too much. */
export const BUDGET_HEADER = 'x-sagewai-budget';

/**
 * Decides calls as their agents' soft limits allow: beyond `stop` none, beyond `throttle` by the first
 * model of the chain that the caller may have in this format, beyond `warn` as ever, with a header. A
 * call of a project without soft limits is decided as it would be without this.
 */
export function withSoftBudgets(decide: DecideCall, judge: JudgeSpend | undefined): DecideCall {
  if (judge === undefined) return decide;
  return (input, format, model) => {
    const { orgId, projectId } = input.caller;
    if (orgId === null || projectId === null) return decide(input, format, model);
    const { agent } = readOrigin(input.request.headers);
    const verdict = judge({ orgId, projectId, agent });
    if (verdict === null) return decide(input, format, model);
    return verdict instanceof Promise
      ? verdict.then((known) => heed(known, { decide, input, format, model }))
      : heed(verdict, { decide, input, format, model });
  };
}

/** Of what is one model's, as a batch is: beyond `stop` it is refused, beyond the others it goes on and is told. */
export async function heedWhole(input: StreamInput, judge: JudgeSpend | undefined): Promise<void> {
  const { orgId, projectId } = input.caller;
  if (judge === undefined || orgId === null || projectId === null) return;
  const verdict = await judge({ orgId, projectId, agent: readOrigin(input.request.headers).agent });
  if (verdict === null) return;
  if (verdict === 'unknown') throw isUnknown();
  if (verdict.action === 'stop') throw isStopped(verdict);
  tell(input, 'warn', verdict);
}

interface Asked {
  readonly decide: DecideCall;
  readonly input: StreamInput;
  readonly format: Format;
  /** Of a fallback. */
  readonly model: string | undefined;
}

function heed(verdict: SoftVerdict, asked: Asked): DecidedCall | Promise<DecidedCall> {
  const { decide, input, format, model } = asked;
  if (verdict === null) return decide(input, format, model);
  if (verdict === 'unknown') throw isUnknown();
  switch (verdict.action) {
    case 'stop':
      throw isStopped(verdict);
    case 'throttle':
      return throttle(verdict, asked);
    case 'warn':
      tell(input, 'warn', verdict);
      return decide(input, format, model);
  }
}

/** A model of the chain that falls back does so within the chain: the way back up is closed. */
async function throttle(exceeded: Exceeded, asked: Asked): Promise<DecidedCall> {
  const { decide, input, format, model } = asked;
  const { fallbackChain } = exceeded.limit;
  const wanted = model ?? format.read(input.body, input.request.headers).model;
  if (model !== undefined && !fallbackChain.includes(model)) {
    throw new Fault('budget.exceeded', 'an agent is throttled to other models', {
      detail: exceeded.reason,
    });
  }
  const others = model === undefined ? fallbackChain.filter((one) => one !== wanted) : [model];
  for (const other of others) {
    try {
      const decided = await decide(input, format, other);
      tell(input, `throttle; model=${headerText(other)}`, exceeded);
      return decided;
    } catch (error) {
      if (!(error instanceof Fault) || !OTHERS_MAY_DO.has(error.code)) throw error;
    }
  }
  // Nothing to throttle to: as in `warn`, since it is not `stop`.
  tell(input, 'warn', exceeded);
  return decide(input, format, model);
}

const isUnknown = (): Fault =>
  new Fault('service.unavailable', 'soft budgets cannot be read', {
    detail: 'The budget of this call cannot be read at the moment.',
  });

const isStopped = ({ reason }: Exceeded): Fault =>
  new Fault('budget.exceeded', 'an agent is over its soft limit', { detail: reason });

const OTHERS_MAY_DO: ReadonlySet<string> = new Set([
  'model.missing',
  'model.forbidden',
  'model.unpriced',
  'call.over_budget',
  'request.invalid',
]);

function tell({ reply }: StreamInput, what: string, { reason }: Exceeded): void {
  if (!reply.headersSent) reply.setHeader(BUDGET_HEADER, `${what}; ${reason}`);
}
