import type { CallOutput } from '@sagewai/sdk';

type Spend = CallOutput<'ledger.listSpend'>['spend'][number];
type Decision = CallOutput<'ledger.listRoutingDecisions'>['decisions'][number];

/** What is known of every call. */
export type PastCall = Pick<Spend, 'id' | 'kind' | 'model' | 'deployment'>;
/** What is kept of those that had a choice. */
export type PastChoice = Pick<Decision, 'id' | 'requested_model' | 'fallback_index' | 'attempts'>;
export type Route = CallOutput<'gateway.explainRoute'>;

/** Calls of one model that went one way, and the way that they would go now. */
export interface Rerouted {
  readonly requested: string;
  readonly deployment: string;
  readonly calls: number;
  readonly fellBack: number;
  readonly triedInVain: number;
  /** What would be tried first now; null: nobody knows that model any more, or none of its deployments is well. */
  readonly now: string | null;
  readonly isOther: boolean;
}

/** As whoever called spelt it. */
export const requestedBy = (call: PastCall, choices: ReadonlyMap<string, PastChoice>): string =>
  choices.get(call.id)?.requested_model ?? call.model;

/** Of past calls: what became of each, beside what the rules of now would choose. */
export function routeAgain(
  calls: readonly PastCall[],
  choices: ReadonlyMap<string, PastChoice>,
  routes: ReadonlyMap<string, Route>,
): readonly Rerouted[] {
  const groups = Map.groupBy(
    calls.filter(({ kind }) => kind !== 'correction'),
    (call) => JSON.stringify([requestedBy(call, choices), call.deployment]),
  );
  return [...groups.values()]
    .flatMap((group) => {
      const [first] = group;
      if (first === undefined) return [];
      const requested = requestedBy(first, choices);
      const route = routes.get(requested);
      const now = route === undefined ? null : chosenOf(route);
      const chosen = group.flatMap(({ id }) => choices.get(id) ?? []);
      return {
        requested,
        deployment: first.deployment,
        calls: group.length,
        fellBack: chosen.filter(({ fallback_index: index }) => index > 0).length,
        triedInVain: chosen.reduce((sum, { attempts }) => sum + attempts.length, 0),
        now,
        isOther: now !== first.deployment,
      };
    })
    .toSorted((a, b) => b.calls - a.calls);
}

/** Where there is one alone, there is nothing to choose. */
function chosenOf({ chosen, candidates }: Route): string | null {
  return chosen ?? (candidates.length === 1 ? (candidates[0]?.deployment ?? null) : null);
}
