import type { Endpoint } from '../models/deployment.ts';

/** Whether an endpoint would take a call, as far as that can be asked without paying for one. */
export type Health =
  | { readonly kind: 'well' }
  | { readonly kind: 'unwell'; readonly because: string };

/**
 * What a provider's answer to a question for its models says. That it has no such list (404, 405) says
 * that it is there; only what would refuse calls too counts against it.
 */
export function judgeStatus(status: number): Health {
  const isUnwell = status >= 500 || status === 401 || status === 403;
  return isUnwell ? { kind: 'unwell', because: String(status) } : { kind: 'well' };
}

/** Each endpoint once, however many deployments are reached by it. */
export async function checkEndpoints(
  endpoints: Iterable<Endpoint>,
  ask: (endpoint: Endpoint) => Promise<number>,
): Promise<ReadonlyMap<Endpoint, Health>> {
  const of = new Map<string, Promise<Health>>();
  const checked = [...endpoints].map(async (endpoint): Promise<[Endpoint, Health]> => {
    const place = `${endpoint.baseUrl} ${endpoint.credential?.reveal() ?? ''}`;
    const asked = of.get(place) ?? ask(endpoint).then(judgeStatus, unreachable);
    of.set(place, asked);
    return [endpoint, await asked];
  });
  return new Map(await Promise.all(checked));
}

const unreachable = (error: unknown): Health => ({
  kind: 'unwell',
  because: (error as NodeJS.ErrnoException).code ?? 'unreachable',
});
