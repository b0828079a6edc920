import type { Tool } from './mode-badge.tsx';

export type Line = readonly [name: string, text: string];

type Arguments = Readonly<Record<string, unknown>>;
type HttpTarget = NonNullable<Tool['http']>;

const PLACE = /\{([^{}]+)\}/g;

/** What a call with these arguments does, in words that name where they go. */
export function describeEffect(
  tool: Pick<Tool, 'kind' | 'name' | 'http' | 'mcp' | 'credential'>,
  given: Arguments,
): readonly Line[] {
  const lines =
    tool.http === null
      ? tool.mcp === null
        ? [['Runs', 'a function of the worker that has the run'] as const]
        : ofMcp(tool.name, tool.mcp)
      : ofHttp(tool.http, given);
  const { credential } = tool;
  if (credential === null) return lines;
  return [...lines, ['Signed with', `${credential.header}: ${credential.hint}`]];
}

function ofMcp(name: string, { url, command, tool }: NonNullable<Tool['mcp']>): readonly Line[] {
  const where = url ?? command?.join(' ') ?? 'nowhere';
  return [['Asks the MCP server', `${where} for ${tool ?? name}`]];
}

/** As the server builds the request: what is in the path, then query and headers, the rest in the body. */
function ofHttp(target: HttpTarget, given: Arguments): readonly Line[] {
  const [address = '', search = ''] = target.url.split('?');
  const left = new Map(Object.entries(given));
  const url = address.replaceAll(PLACE, (place, name: string) => {
    if (!left.has(name)) return place;
    const value = left.get(name);
    left.delete(name);
    return encodeURIComponent(textOf(value));
  });
  const headers = take(left, target.header_arguments ?? []);
  const hasBody = target.method !== 'GET' && target.method !== 'DELETE';
  const query = take(left, hasBody ? (target.query ?? []) : [...left.keys()]);
  const asked = [search, ...query.map(([name, value]) => `${name}=${textOf(value)}`)]
    .filter((part) => part !== '')
    .join('&');
  const { body } = target;
  const sent = body === undefined ? Object.fromEntries(left) : left.get(body);
  return [
    ['Sends', `${target.method} ${url}${asked === '' ? '' : `?${asked}`}`],
    ...headers.map(([name, value]) => ['With the header', `${name}: ${textOf(value)}`] as const),
    ...(hasBody ? [['With the body', JSON.stringify(sent) ?? 'nothing'] as const] : []),
  ];
}

function take(
  left: Map<string, unknown>,
  names: readonly string[],
): readonly (readonly [string, unknown])[] {
  return names.flatMap((name) => {
    if (!left.has(name)) return [];
    const value = left.get(name);
    left.delete(name);
    return [[name, value] as const];
  });
}

const textOf = (value: unknown): string =>
  typeof value === 'string' ? value : (JSON.stringify(value) ?? '');
