import type { Endpoint, Surface } from '@sagewai/wire';

/** Which methods a path has; used only once no route was found, so a scan is cheap enough. */
export type FindMethods = (path: string) => { methods: string[]; surface: Surface };

export function createFindMethods(endpoints: readonly Endpoint[]): FindMethods {
  const known = endpoints.flatMap(({ method, path, aliases = [], surface }) =>
    [path, ...aliases].map((each) => ({ method, surface, pattern: toPattern(each) })),
  );
  return (path) => {
    const here = known.filter(({ pattern }) => pattern.test(path));
    const methods = [...new Set(here.flatMap(({ method }) => withHead(method)))].toSorted();
    return { methods, surface: here[0]?.surface ?? guessSurface(path) };
  };
}

function withHead(method: string): string[] {
  return method === 'GET' ? ['GET', 'HEAD'] : [method];
}

function toPattern(path: string): RegExp {
  const segments = path
    .split(/(\{[^}]*\})/)
    .map((part) => (part.startsWith('{') ? '[^/]+' : part.replaceAll(/[.*+?^$()|[\]\\]/g, '\\$&')));
  return new RegExp(`^${segments.join('')}$`);
}

/** Who most likely sent a request that reached nothing. */
const SURFACES: readonly (readonly [string, Surface])[] = [
  ['/api/v1/fleet/', 'fleet'],
  ['/v1/messages', 'anthropic'],
  ['/api/v1/', 'own'],
  ['/api/', 'ollama'],
  ['/v1/', 'openai'],
  ['/key/', 'litellm'],
  ['/model/', 'litellm'],
  ['/spend/', 'litellm'],
  ['/global/', 'litellm'],
  ['/team/', 'litellm'],
  ['/user/', 'litellm'],
  ['/scim/', 'scim'],
];

function guessSurface(path: string): Surface {
  return SURFACES.find(([prefix]) => path.startsWith(prefix))?.[1] ?? 'own';
}
