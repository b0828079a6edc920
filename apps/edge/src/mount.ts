/**
 * What is mounted where. Knows no web framework, no process and no network: whatever answers is opaque here.
 *
 * D1. A prefix begins with `/`; a `/` at its end counts for nothing; none, or an empty one, is `/`.
 * D2. `/healthz` and `/readyz` are the edge's own, whatever is mounted at `/`.
 * D3. Of the mounts that fit, the one with a host wins over one without, then the longest prefix.
 * D4. What a mount is given begins with `/`, without its prefix: `/v1/models` is `/v1/models` behind every prefix.
 * D5. A path that climbs (`..`) reaches no mount: behind a prefix it could leave what was mounted.
 * D6. A page at a bare prefix is sent to the prefix with a `/`: a browser resolves its addresses against that.
 */

export const SERVICE = 'SAGE Edge';

export class MountError extends Error {
  override readonly name = 'MountError';
}

/** D1. Throws `MountError`. */
export function normalizeMountPath(path: string | null | undefined): string {
  if (path === null || path === undefined || path === '') return '/';
  if (!path.startsWith('/')) throw new MountError("llm_prefix must start with '/'");
  return path.replace(/\/+$/, '') || '/';
}

export interface Mount<Target> {
  /** Lower case, without a port; null: every host. */
  readonly host: string | null;
  readonly prefix: string;
  readonly target: Target;
}

export interface EdgePlan<Target> {
  readonly llmMounted: boolean;
  readonly llmPrefix: string;
  readonly mounts: readonly Mount<Target>[];
}

export interface PlanOptions<Target> {
  readonly mountLlm?: boolean;
  readonly llmPrefix?: string | null;
  /** What answers below the prefix. */
  readonly llmApp?: Target | null;
  /** Further gateways. */
  readonly others?: readonly Mount<Target>[];
}

/** Throws `MountError` for what cannot be mounted, or not beside each other. */
export function planEdge<Target>(options: PlanOptions<Target>): EdgePlan<Target> {
  const { mountLlm = true, llmApp = null, others = [] } = options;
  const llmPrefix = normalizeMountPath(options.llmPrefix);
  if (!mountLlm) {
    if (others.length > 0)
      throw new MountError('nothing is mounted without the gateway (--no-llm)');
    return { llmMounted: false, llmPrefix, mounts: [] };
  }
  const own = llmApp === null ? [] : [{ host: null, prefix: llmPrefix, target: llmApp }];
  const mounts = [
    ...own,
    ...others.map((one) => ({ ...one, prefix: normalizeMountPath(one.prefix) })),
  ];
  if (mounts.length === 0) throw new MountError('mount_llm requires explicit llm_app injection');
  const places = mounts.map(placeOf);
  const twice = places.find((place, index) => places.indexOf(place) !== index);
  if (twice !== undefined) throw new MountError(`two gateways are mounted at ${twice}`);
  return { llmMounted: true, llmPrefix, mounts: mounts.toSorted(byPrecedence) };
}

/** As people write it: `/llm`, `eu.example.com/`. */
export const placeOf = ({ host, prefix }: Pick<Mount<unknown>, 'host' | 'prefix'>): string =>
  `${host ?? ''}${prefix}`;

// D3
function byPrecedence(one: Mount<unknown>, other: Mount<unknown>): number {
  const hosts = Number(one.host === null) - Number(other.host === null);
  return hosts === 0 ? other.prefix.length - one.prefix.length : hosts;
}

export type Found<Target> =
  | { readonly kind: 'health'; readonly asks: 'alive' | 'ready' }
  | { readonly kind: 'mount'; readonly mount: Mount<Target>; readonly url: string }
  | { readonly kind: 'nothing' }
  | { readonly kind: 'refused' };

const HEALTH: ReadonlyMap<string, 'alive' | 'ready'> = new Map([
  ['/healthz', 'alive'],
  ['/readyz', 'ready'],
]);

/** Who answers a request: `url` is its target as sent, with the query; `host` its Host header. */
export function findMount<Target>(
  mounts: readonly Mount<Target>[],
  host: string | undefined,
  url: string,
): Found<Target> {
  const end = url.indexOf('?');
  const path = end < 0 ? url : url.slice(0, end);
  const asks = HEALTH.get(path);
  if (asks !== undefined) return { kind: 'health', asks }; // D2
  if (!path.startsWith('/')) return { kind: 'nothing' };
  if (climbs(path)) return { kind: 'refused' }; // D5
  const name = nameOf(host);
  const mount = mounts.find(
    (one) => (one.host === null || one.host === name) && isBelow(path, one.prefix),
  );
  if (mount === undefined) return { kind: 'nothing' };
  return { kind: 'mount', mount, url: below(url, mount.prefix) };
}

const isBelow = (path: string, prefix: string): boolean =>
  prefix === '/' || path === prefix || path.startsWith(`${prefix}/`);

// D4
function below(url: string, prefix: string): string {
  if (prefix === '/') return url;
  const rest = url.slice(prefix.length);
  return rest.startsWith('/') ? rest : `/${rest}`;
}

interface Asked {
  readonly method: string | undefined;
  readonly accept: string | undefined;
  /** As sent. */
  readonly url: string;
}

/** D6. Where a browser is sent that asks for a page at a bare prefix; null: it is answered below the mount. */
export function pagePlace(prefix: string, { method, accept = '', url }: Asked): string | null {
  if (prefix === '/' || (method !== 'GET' && method !== 'HEAD')) return null;
  const rest = url.slice(prefix.length);
  const isBare = rest === '' || rest.startsWith('?');
  return isBare && accept.includes('text/html') ? `${prefix}/${rest}` : null;
}

/** In whatever spelling an upstream may read as a step up. */
const CLIMBING = /(?:^|[/\\]|%2f|%5c)(?:\.|%2e){1,2}(?:$|[/\\;]|%2f|%5c)/i;

function climbs(path: string): boolean {
  // Nearly every path has neither.
  return (path.includes('.') || path.includes('%')) && CLIMBING.test(path);
}

/** Without the port, and without the dot that ends an absolute name: it names the same host. */
function nameOf(host: string | undefined): string {
  return host === undefined ? '' : host.toLowerCase().replace(/\.?(?::\d*)?$/, '');
}

export interface MountState {
  readonly mount: string;
  readonly ready: boolean;
  /** Why it is not. */
  readonly detail?: string;
}

export interface Health {
  readonly status: 'ok' | 'ready' | 'degraded' | 'unready' | 'draining';
  readonly service: typeof SERVICE;
  readonly llm_mounted: boolean;
  readonly llm_prefix: string;
  readonly upstreams?: readonly MountState[];
}

type Mounted = Pick<EdgePlan<unknown>, 'llmMounted' | 'llmPrefix'>;

const bodyOf = ({ llmMounted, llmPrefix }: Mounted, status: Health['status']): Health => ({
  status,
  service: SERVICE,
  llm_mounted: llmMounted,
  llm_prefix: llmPrefix,
});

export const aliveHealth = (plan: Mounted): Health => bodyOf(plan, 'ok');

export type ReadyWhen = 'any' | 'all';

/** Ready with one gateway that is, or only with all of them: as `when` says. */
export function readyHealth(
  plan: Mounted,
  states: readonly MountState[],
  { isDraining, when }: { readonly isDraining: boolean; readonly when: ReadyWhen },
): { readonly isReady: boolean; readonly health: Health } {
  if (isDraining) return { isReady: false, health: bodyOf(plan, 'draining') };
  if (states.length === 0) return { isReady: true, health: bodyOf(plan, 'ready') };
  const up = states.filter(({ ready }) => ready).length;
  const isReady = when === 'any' ? up > 0 : up === states.length;
  const status = !isReady ? 'unready' : up === states.length ? 'ready' : 'degraded';
  return { isReady, health: { ...bodyOf(plan, status), upstreams: states } };
}
