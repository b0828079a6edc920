import type { Endpoint, Permission } from '@sagewai/wire';

/** LiteLLM's words for kinds of routes that a key can call at all. */
export const ROUTE_GROUPS = {
  llm_api_routes: ['model:call', 'model:list'],
  openai_routes: ['model:call', 'model:list'],
  anthropic_routes: ['model:call', 'model:list'],
  info_routes: ['model:list', 'key:inspect'],
} as const satisfies Record<string, readonly Permission[]>;

/** `/chat/completions` and `/v1/chat/completions` are one route in these lists. */
const bare = (path: string): string => path.replace(/^\/v1(?=\/)/, '');

/**
 * Whether the routes of a key name an endpoint: by its path, by the beginning of it (`/key/*`), or by a
 * group. They only restrict: what a key may not do anyway, no list allows. Empty allows everything.
 */
export function isRouteAllowed(
  routes: readonly string[],
  { path, permission, surface }: Pick<Endpoint, 'path' | 'permission' | 'surface'>,
): boolean {
  return (
    routes.length === 0 ||
    routes.some((route) => {
      if (!route.startsWith('/')) return isInGroup(route, permission, surface);
      return route.endsWith('/*')
        ? bare(path).startsWith(bare(route.slice(0, -1)))
        : bare(path) === bare(route);
    })
  );
}

function isInGroup(
  route: string,
  permission: Endpoint['permission'],
  surface: Endpoint['surface'],
): boolean {
  if (!Object.hasOwn(ROUTE_GROUPS, route)) return false;
  if (route === 'openai_routes' && surface !== 'openai') return false;
  if (route === 'anthropic_routes' && surface !== 'anthropic') return false;
  const permissions: readonly string[] = ROUTE_GROUPS[route as keyof typeof ROUTE_GROUPS];
  return permissions.includes(permission);
}
