import type { ProjectModels } from '../context/project-models.ts';
import type { ChatMessage, JsonSchema } from './chat.ts';
import type { AgentEvent } from './events.ts';
import type { GatewayAddress, InferenceConfig } from './inference.ts';
import type { Tool } from './tool.ts';
import type { UniversalAgent } from './universal-agent.ts';

export interface AgentConfig {
  readonly inference: InferenceConfig;
  readonly system?: string;
  readonly tools?: readonly Tool[];
  /** Agents that this one may pass the conversation on to. */
  readonly handoffs?: readonly UniversalAgent[];
  /** What of earlier conversations it remembers. */
  readonly memory?: Memory;
  readonly budget?: AgentBudget;
  readonly guardrails?: readonly Guardrail[];
  readonly hooks?: Hooks;
  readonly limits?: Partial<AgentLimits>;
  /** Every answer is JSON of this schema. */
  readonly output?: { readonly name: string; readonly schema: JsonSchema };
  /** When nothing else says whom to call. */
  readonly gateway?: GatewayAddress;
}

export interface AgentLimits {
  /** Model calls of one run. */
  readonly turnsMax: number;
  /** Agents under agents, and handoffs of one run. */
  readonly depthMax: number;
  /** How often one run may ask for the very same call of a tool. */
  readonly repeatsMax: number;
  /** Calls of tools that one answer may ask for. */
  readonly callsPerTurnMax: number;
  /** Further tries of an answer that does not keep to the schema. */
  readonly outputRetries: number;
  readonly toolTimeoutMs: number;
  readonly toolCharsMax: number;
}

export const AGENT_LIMITS: AgentLimits = {
  turnsMax: 20,
  depthMax: 4,
  repeatsMax: 3,
  callsPerTurnMax: 32,
  outputRetries: 2,
  toolTimeoutMs: 60_000,
  toolCharsMax: 50_000,
};

export interface AgentBudget {
  /** Of one run. */
  readonly tokensMax?: number;
  /** Of one run, as far as calls are priced: by a proxy's answer, else by `prices`. */
  readonly usdMax?: number;
  /** Dollars for a million tokens, by the model's name. */
  readonly prices?: Readonly<Record<string, { readonly input: number; readonly output: number }>>;
  /** The ledger: asked before every call; one past the gateway is reserved there before it is made, and told after. */
  readonly ledger?: Pick<ProjectModels, 'checkBudget' | 'recordSpend' | 'reserveSpend'>;
}

export interface Memory {
  load(): Promise<readonly ChatMessage[]>;
  /** After a run that answered: what was asked, and what was answered. */
  save(dialog: readonly ChatMessage[]): Promise<void>;
}

export type Verdict =
  | { readonly kind: 'pass' }
  | { readonly kind: 'replace'; readonly text: string }
  | { readonly kind: 'block'; readonly reason: string };

/** Looks at what goes in, what a tool is asked for (its arguments), what a tool says, or what goes out. */
export interface Guardrail {
  readonly name: string;
  readonly stage: 'input' | 'call' | 'result' | 'output';
  readonly check: (
    text: string,
    about: { readonly agent: string; readonly tool: string | null },
  ) => Verdict | Promise<Verdict>;
}

/** Told of each event before the run goes on; one that throws ends the run. */
export type Hooks = {
  readonly [Kind in AgentEvent['kind']]?: (
    event: Extract<AgentEvent, { kind: Kind }>,
  ) => void | Promise<void>;
};

export type Approval =
  | { readonly kind: 'approved' }
  | { readonly kind: 'denied'; readonly reason?: string };
