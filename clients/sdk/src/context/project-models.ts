import type { CallInput, CallOptions, CallOutput, SagewaiClient } from '../client.ts';
import { newDeclaredId } from './declared-id.ts';
import { ProjectQuotaExceededError } from './errors.ts';
import { ProjectContext } from './project-context.ts';
import { toProjectError } from './to-project-error.ts';

type ChatBody = CallInput<'gateway.createChatCompletion'>['body'];
type ChatAnswer = CallOutput<'gateway.createChatCompletion'>;
export type BudgetCheck = CallOutput<'ledger.checkBudget'>;

/** What was spent past the gateway. */
export interface SpentElsewhere {
  readonly costUsd: number | string;
  readonly model?: string;
  readonly provider?: string;
  readonly inputTokens?: number;
  readonly outputTokens?: number;
  /** Names it, so that it can be recorded twice and counts once; made here when left out. */
  readonly id?: string;
}

/** What a call past the gateway can cost at most. */
export interface SpendAhead {
  readonly costUsdMax: number | string;
  readonly model?: string;
  readonly inputTokensMax?: number;
  readonly outputTokensMax?: number;
  /** What is not recorded by then is booked in full; ten minutes when left out. */
  readonly expiresInS?: number;
}

export interface ProjectModels {
  /** A model call through the gateway, which reserves for it before it is sent and books what it cost. */
  chat(body: ChatBody, options?: CallOptions): Promise<ChatAnswer>;
  /** Whether the agent may go on. */
  checkBudget(model?: string): Promise<BudgetCheck>;
  recordSpend(spent: SpentElsewhere): Promise<CallOutput<'ledger.recordSpend'>>;
  /**
   * Holds what a call past the gateway can cost, in every limit above it; refused, it must not be made. What is recorded
   * under its id settles it.
   */
  reserveSpend(ahead: SpendAhead): Promise<CallOutput<'ledger.reserveSpend'>>;
  /**
   * A call that goes elsewhere: not made where the budget says stop, or without a reservation, and booked after. One
   * that failed may have been charged: what it could cost stays held, and is booked when nobody records better.
   */
  direct<Output>(
    model: string,
    most: SpendAhead,
    work: (model: string) => Promise<{ readonly output: Output; readonly spent: SpentElsewhere }>,
  ): Promise<Output>;
}

const ATTEMPTS_MAX = 3;

/**
 * Model calls of an agent, each within the project context that it is made in. Outside of one nothing is
 * called: `ProjectRequiredError`.
 */
export function createProjectModels(
  client: Pick<SagewaiClient, 'call'>,
  { agent }: { readonly agent: string },
): ProjectModels {
  const ofProject = (context: ProjectContext): { query: { project: string } } => ({
    query: { project: context.projectId },
  });
  const models: ProjectModels = {
    chat: async (body, options = {}) => {
      const context = ProjectContext.current();
      const headers = {
        ...options.headers,
        'x-sagewai-context': context.header,
        'x-sagewai-agent': agent,
      };
      try {
        return await client.call('gateway.createChatCompletion', { body }, { ...options, headers });
      } catch (error) {
        throw toProjectError(error, context.projectId);
      }
    },
    checkBudget: async (model) => {
      const body = { agent_name: agent, ...(model === undefined ? {} : { model }) };
      const of = ofProject(ProjectContext.current());
      // It changes nothing.
      return client.call('ledger.checkBudget', { ...of, body }, { attemptsMax: ATTEMPTS_MAX });
    },
    recordSpend: async ({ costUsd, model, provider, inputTokens, outputTokens, id }) => {
      const of = ofProject(ProjectContext.current());
      const body = {
        id: id ?? newDeclaredId(Date.now()),
        agent_name: agent,
        cost_usd: costUsd,
        ...(model === undefined ? {} : { model }),
        ...(provider === undefined ? {} : { provider }),
        ...(inputTokens === undefined ? {} : { input_tokens: inputTokens }),
        ...(outputTokens === undefined ? {} : { output_tokens: outputTokens }),
      };
      // Under its id it is booked once, however often it is told.
      return client.call('ledger.recordSpend', { ...of, body }, { attemptsMax: ATTEMPTS_MAX });
    },
    reserveSpend: async ({ costUsdMax, model, inputTokensMax, outputTokensMax, expiresInS }) => {
      const context = ProjectContext.current();
      const body = {
        id: newDeclaredId(Date.now()),
        agent_name: agent,
        cost_usd_max: costUsdMax,
        ...(model === undefined ? {} : { model }),
        ...(inputTokensMax === undefined ? {} : { input_tokens_max: inputTokensMax }),
        ...(outputTokensMax === undefined ? {} : { output_tokens_max: outputTokensMax }),
        ...(expiresInS === undefined ? {} : { expires_in_s: expiresInS }),
      };
      try {
        // Under its id it is held once, however often it is asked for.
        const options = { attemptsMax: ATTEMPTS_MAX };
        return await client.call('ledger.reserveSpend', { ...ofProject(context), body }, options);
      } catch (error) {
        throw toProjectError(error, context.projectId);
      }
    },
    direct: async (model, most, work) => {
      const { projectId } = ProjectContext.current();
      const check = await models.checkBudget(model);
      if (!check.allowed) {
        throw new ProjectQuotaExceededError(`Project ${projectId}: ${check.reason ?? 'stopped'}`, {
          projectId,
        });
      }
      const chosen = check.fallback_model ?? model;
      const { id } = await models.reserveSpend({ ...most, model: chosen });
      const { output, spent } = await work(chosen);
      // What was done is not done again for its booking: held, it is booked in full when its time is over.
      await models.recordSpend({ model: chosen, ...spent, id }).catch(() => {});
      return output;
    },
  };
  return models;
}
