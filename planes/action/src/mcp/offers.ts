import type { Caller } from '@sagewai/http';

/** What MCP clients are offered beside tools, by the plane that has it. */
export interface Offers {
  /** As `tools/list` has them; names of tools go before. */
  list(caller: Caller): Promise<readonly Offered[]>;
  /** Null: it is nothing that is offered to this caller. */
  ask(caller: Caller, asked: Asking): Promise<Readonly<Record<string, unknown>> | null>;
}

export interface Offered extends Readonly<Record<string, unknown>> {
  readonly name: string;
}

export interface Asking {
  readonly name: string;
  readonly arguments: Readonly<Record<string, unknown>>;
  /** What makes two requests one; null: nothing does. */
  readonly key: string | null;
  /** Whoever has asked does not want it any more. */
  readonly cancelled: AbortSignal;
  /** Nobody reads the answer, or the process drains: what was begun goes on. */
  readonly left: AbortSignal;
  /** What is known of it so far. */
  readonly tell: (message: string) => void;
}
