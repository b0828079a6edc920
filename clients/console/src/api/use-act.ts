import type { CallInput, CallOutput } from '@sagewai/sdk';
import { useMutation, useQueryClient } from '@tanstack/react-query';

import { type ActionId, NEEDS } from './needs.ts';
import { call } from './server.ts';
import { useObjection } from './session.ts';

/** Something that the caller may do to the server, or may not, and why. */
export interface Act<Id extends ActionId> {
  readonly objection: string | null;
  readonly isPending: boolean;
  readonly error: Error | null;
  run(input: CallInput<Id>): Promise<CallOutput<Id> | null>;
  reset(): void;
}

/** What was done is seen at once: everything on the page is asked anew. Null: it failed, `error` says how. */
export function useAct<Id extends ActionId>(id: Id): Act<Id> {
  const queries = useQueryClient();
  const objection = useObjection(NEEDS[id]);
  const { mutateAsync, isPending, error, reset } = useMutation({
    mutationFn: (input: CallInput<Id>) => call(id, input),
    onSuccess: () => queries.invalidateQueries({ refetchType: 'active' }),
  });
  const run = (input: CallInput<Id>): Promise<CallOutput<Id> | null> =>
    mutateAsync(input).catch(() => null);
  return { objection, isPending, error, run, reset };
}
