import { ProjectQuotaExceededError } from '../context/errors.ts';
import type { SpendAhead } from '../context/project-models.ts';
import { SagewaiError } from '../error.ts';
import type { AgentBudget } from './agent-config.ts';
import type { ModelEndpoint } from './inference.ts';
import { ModelCallError } from './model-call-error.ts';
import type { ModelRequest } from './model-wire.ts';

/** A call that names no limit may write so much. */
const OUTPUT_TOKENS_MAX = 4_096;

export type Held =
  | { readonly kind: 'held'; readonly id: string; readonly request: ModelRequest }
  | { readonly kind: 'refused'; readonly reason: string };

/** What a call can cost is held in the ledger before it is made; what bounds it is sent with it. */
export async function reserveCall(
  ledger: NonNullable<AgentBudget['ledger']>,
  request: ModelRequest,
  of: {
    readonly model: string;
    readonly endpoint: ModelEndpoint;
    readonly price: { readonly input: number; readonly output: number };
    readonly timeoutMs: number;
    readonly attemptsMax: number;
  },
): Promise<Held> {
  const capped = withCap(request, of.endpoint);
  const most = mostOf(capped, of);
  // As long as its tries can take: what is still under way then is booked as if it had cost all.
  const expiresInS = Math.min(86_400, Math.ceil((of.timeoutMs * of.attemptsMax) / 1_000) + 60);
  try {
    const { id } = await ledger.reserveSpend({ ...most, expiresInS });
    return { kind: 'held', id, request: capped };
  } catch (thrown) {
    const isSpent =
      thrown instanceof ProjectQuotaExceededError ||
      (thrown instanceof SagewaiError && thrown.code === 'budget.exceeded');
    if (!isSpent) throw thrown;
    return { kind: 'refused', reason: thrown.message };
  }
}

/** What was refused was not charged. What broke off, in whichever try, may have been: it stays held, and is booked in full. */
export async function releaseFailed(
  ledger: NonNullable<AgentBudget['ledger']>,
  { id, model }: { readonly id: string; readonly model: string },
  thrown: unknown,
): Promise<void> {
  if (!(thrown instanceof ModelCallError) || thrown.mayBeCharged) return;
  await ledger.recordSpend({ id, model, costUsd: 0 });
}

/** The upper bounds of a call; a token is at least one byte. */
function mostOf(
  request: ModelRequest,
  of: {
    readonly model: string;
    readonly price: { readonly input: number; readonly output: number };
  },
): SpendAhead {
  const { parameters } = request;
  const choices = typeof parameters['n'] === 'number' ? Math.max(1, parameters['n']) : 1;
  const inputTokensMax = new TextEncoder().encode(JSON.stringify(request)).length;
  const outputTokensMax = (capOf(request) ?? OUTPUT_TOKENS_MAX) * choices;
  const costUsdMax =
    (inputTokensMax * of.price.input + outputTokensMax * of.price.output) / 1_000_000;
  return { costUsdMax, model: of.model, inputTokensMax, outputTokensMax };
}

function withCap(request: ModelRequest, { url }: ModelEndpoint): ModelRequest {
  if (capOf(request) !== null) return request;
  // OpenAI's newer models refuse the older name; others may know no other.
  const isOpenAi = new URL(url).hostname === 'api.openai.com';
  const name = isOpenAi ? 'max_completion_tokens' : 'max_tokens';
  return { ...request, parameters: { ...request.parameters, [name]: OUTPUT_TOKENS_MAX } };
}

function capOf({ parameters }: ModelRequest): number | null {
  const asked = parameters['max_completion_tokens'] ?? parameters['max_tokens'];
  return typeof asked === 'number' && Number.isSafeInteger(asked) && asked >= 0 ? asked : null;
}
