import type { McpRequest } from './message.ts';

/** Requests that are under way here, by who calls, in which session, and the id that it has given. */
export interface Cancellations {
  begin(of: Named): Underway;
  /** Of the revisions up to 2025-11-25, whose clients say so in a message of its own. */
  cancel(of: Named): void;
}

export interface Underway {
  readonly cancelled: AbortSignal;
  end(): void;
}

interface Named {
  readonly actor: string;
  /** Null: it has none, and ids of several clients cannot be told apart. */
  readonly session: string | null;
  readonly id: McpRequest['id'];
}

export function createCancellations(): Cancellations {
  const underway = new Map<string, AbortController>();
  const nameOf = ({ actor, session, id }: Named): string => JSON.stringify([actor, session, id]);
  return {
    begin: (of) => {
      const controller = new AbortController();
      const name = nameOf(of);
      if (of.session !== null) underway.set(name, controller);
      return {
        cancelled: controller.signal,
        end: () => {
          if (underway.get(name) === controller) underway.delete(name);
        },
      };
    },
    cancel: (of) => underway.get(nameOf(of))?.abort(),
  };
}
