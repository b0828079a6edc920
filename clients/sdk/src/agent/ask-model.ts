import { ProjectContext } from '../context/project-context.ts';
import type { AgentBudget, AgentConfig } from './agent-config.ts';
import { callModel } from './call-model.ts';
import type { ModelTurn } from './chat.ts';
import { costOf } from './check-spend.ts';
import { readEnvironment } from './environment.ts';
import type { InferenceOverride, ModelEndpoint } from './inference.ts';
import type { ModelRequest } from './model-wire.ts';
import { releaseFailed, reserveCall } from './reserve-call.ts';
import { modelOf, resolveEndpoint, type Surroundings } from './resolve-endpoint.ts';
import { currentInference, type InferenceScope } from './scope.ts';

const TIMEOUT_MS = 300_000;
const ATTEMPTS_MAX = 3;

export interface BudgetNotice {
  readonly action: 'warn' | 'throttle';
  readonly reason: string;
  readonly model: string;
}

export type Asked =
  | {
      readonly kind: 'turn';
      readonly turn: ModelTurn;
      readonly costUsd: number;
      readonly notice: BudgetNotice | null;
    }
  | { readonly kind: 'stopped'; readonly reason: string };

/** A call that nobody would count, where somebody is to. */
export class NobodyCounts extends Error {
  override readonly name = 'NobodyCounts';
}

/** Asks the ledger, then the model, and books what it cost where the gateway does not. */
export async function askModel(
  { name, config }: { readonly name: string; readonly config: AgentConfig },
  request: Omit<ModelRequest, 'parameters'>,
  calling: {
    readonly call: InferenceOverride;
    readonly signal: AbortSignal;
    /** Counts it to its step, at the gateway. */
    readonly tag: string | null;
    readonly onText?: ((text: string) => void) | undefined;
  },
): Promise<Asked> {
  const { budget = {} } = config;
  const scope = currentInference();
  const around: Surroundings = {
    call: calling.call,
    config: config.inference,
    credentials: scope.credentials ?? {},
    environment: readEnvironment(),
    gateway: config.gateway ?? scope.gateway ?? null,
  };
  const wanted = modelOf(around);
  const advice = await budget.ledger?.checkBudget(wanted);
  if (advice?.allowed === false) {
    return { kind: 'stopped', reason: advice.reason ?? 'the budget is used up' };
  }
  const model = (advice?.action === 'throttle' ? advice.fallback_model : null) ?? wanted;
  const instead = model === wanted ? {} : { call: { ...calling.call, model } };
  const endpoint = resolveEndpoint({ ...around, ...instead });
  demandCounting(endpoint, model, budget);
  const inference = { ...config.inference, ...calling.call };
  const timeoutMs = inference.timeoutMs ?? timeoutOf(scope) ?? TIMEOUT_MS;
  const attemptsMax = inference.attemptsMax ?? ATTEMPTS_MAX;
  const made = await callCounted(
    { budget, endpoint, model, timeoutMs, attemptsMax },
    { ...request, parameters: inference.parameters ?? {} },
    (bounded) =>
      callModel(endpoint, bounded, {
        agent: name,
        signal: calling.signal,
        tag: calling.tag,
        timeoutMs,
        attemptsMax,
        onText: calling.onText,
      }),
  );
  if (made.kind === 'stopped') return made;
  const { turn, costUsd } = made;
  const { action, reason } = advice ?? {};
  const isNotice = action === 'warn' || action === 'throttle';
  const notice = isNotice ? { action, reason: reason ?? '', model } : null;
  return { kind: 'turn', turn, costUsd, notice };
}

type Made =
  | { readonly kind: 'made'; readonly turn: ModelTurn; readonly costUsd: number }
  | { readonly kind: 'stopped'; readonly reason: string };

/** The gateway counts its own; past it, the ledger holds what a call can cost before, and hears what it did. */
async function callCounted(
  of: {
    readonly budget: AgentBudget;
    readonly endpoint: ModelEndpoint;
    readonly model: string;
    readonly timeoutMs: number;
    readonly attemptsMax: number;
  },
  request: ModelRequest,
  call: (request: ModelRequest) => Promise<ModelTurn>,
): Promise<Made> {
  const { budget, endpoint, model } = of;
  const { ledger, prices = {} } = budget;
  const price = prices[model];
  if (endpoint.isGateway || ledger === undefined || price === undefined) {
    const turn = await call(request);
    return { kind: 'made', turn, costUsd: costOf(turn, model, budget) ?? 0 };
  }
  const held = await reserveCall(ledger, request, { ...of, price });
  if (held.kind === 'refused') return { kind: 'stopped', reason: held.reason };
  const { id } = held;
  const turn = await call(held.request).catch(async (thrown: unknown) => {
    await releaseFailed(ledger, { id, model }, thrown);
    throw thrown;
  });
  const costUsd = costOf(turn, model, budget) ?? 0;
  const { inputTokens, outputTokens } = turn.usage;
  // Without its price the answer is kept all the same: asked for again it would cost again. What was held for it
  // is booked in full when its time is over.
  await ledger.recordSpend({ id, costUsd, model, inputTokens, outputTokens }).catch(() => {});
  return { kind: 'made', turn, costUsd };
}

/** What is bounded is not called where nobody could say afterwards what it has cost. */
function demandCounting(endpoint: ModelEndpoint, model: string, budget: AgentBudget): void {
  if (endpoint.isGateway) return;
  const isPriced = budget.prices !== undefined && Object.hasOwn(budget.prices, model);
  if (budget.ledger !== undefined && !isPriced) {
    throw new NobodyCounts(
      `${model} is called past the gateway, and budget.prices does not say what it costs`,
    );
  }
  const project = ProjectContext.find()?.projectId;
  if (project !== undefined && !endpoint.isNamed && budget.ledger === undefined) {
    const { host } = new URL(endpoint.url);
    throw new NobodyCounts(
      `nobody counts a call to ${host} for project ${project}: call through the gateway, or give budget.ledger`,
    );
  }
}

function timeoutOf({ credentials }: InferenceScope): number | undefined {
  const seconds = credentials?.inference_overrides?.timeout;
  return seconds === undefined ? undefined : seconds * 1_000;
}
