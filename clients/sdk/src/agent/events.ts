import type { ChatMessage, Usage } from './chat.ts';

export type AgentEvent =
  | {
      readonly kind: 'model';
      readonly agent: string;
      readonly model: string;
      readonly turn: number;
    }
  /** A piece of an answer, when it is streamed. */
  | { readonly kind: 'text'; readonly agent: string; readonly text: string }
  | {
      readonly kind: 'call';
      readonly agent: string;
      readonly id: string;
      readonly tool: string;
      readonly arguments: string;
    }
  | {
      readonly kind: 'result';
      readonly agent: string;
      readonly id: string;
      readonly tool: string;
      readonly isError: boolean;
      readonly text: string;
    }
  | { readonly kind: 'handoff'; readonly agent: string; readonly to: string }
  /** The budget says something: the run goes on with another model, or as it was. */
  | {
      readonly kind: 'budget';
      readonly agent: string;
      readonly action: 'warn' | 'throttle';
      readonly reason: string;
      readonly model: string;
    }
  | { readonly kind: 'end'; readonly agent: string; readonly result: AgentResult };

/** Why a run is over. What a provider or a hook throws is thrown, and so is an abort. */
export type AgentEnd =
  | { readonly kind: 'answered' }
  | {
      readonly kind: 'stopped';
      readonly by:
        | 'turns'
        | 'depth'
        | 'repetition'
        | 'budget'
        | 'guardrail'
        | 'output'
        | 'length'
        | 'refusal';
      readonly reason: string;
    };

export interface AgentResult {
  readonly end: AgentEnd;
  /** The last answer; what there was of it when the run was stopped. */
  readonly text: string;
  /** Parsed, when a schema was asked for and kept. */
  readonly output: unknown;
  /** Who answered, after handoffs. */
  readonly agent: string;
  /** In the provider's words. */
  readonly model: string;
  readonly usage: Usage;
  /** As far as calls were priced. */
  readonly costUsd: number;
  /** All that was said in this run, to continue from. */
  readonly messages: readonly ChatMessage[];
}

/** `chat` wants an answer, and the run was stopped before there was one. */
export class AgentStopped extends Error {
  readonly result: AgentResult;

  constructor(result: AgentResult) {
    super(result.end.kind === 'stopped' ? result.end.reason : 'there is no answer');
    this.name = 'AgentStopped';
    this.result = result;
  }
}
