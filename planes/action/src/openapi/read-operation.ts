import type { HttpTarget, JsonSchema } from '../tool.ts';

export type ReadOperation =
  | {
      readonly kind: 'read';
      readonly target: HttpTarget;
      readonly inputSchema: JsonSchema;
      readonly summary: string;
    }
  | { readonly kind: 'refused'; readonly why: string };

type Node = Readonly<Record<string, unknown>>;

const METHODS = ['get', 'post', 'put', 'patch', 'delete'] as const;
const DEPTH_MAX = 32;
/** All that references bring in, in nodes: they can name each other over and over. */
const NODES_MAX = 20_000;

/** An operation of an OpenAPI 3 description as one request, and the schema of its arguments. */
export function readOperation(of: {
  readonly document: Node;
  readonly operation_id: string;
  readonly server?: string;
}): ReadOperation {
  const { document, operation_id: wanted } = of;
  try {
    for (const [path, item] of Object.entries(record(document['paths']))) {
      const operations = record(item);
      for (const method of METHODS) {
        const operation = record(operations[method]);
        if (operation['operationId'] !== wanted) continue;
        return toTarget({ ...of, path, method, operation, shared: list(operations['parameters']) });
      }
    }
    return refused(`has no operation ${wanted}`);
  } catch (error) {
    if (error instanceof Unreadable) return refused(error.message);
    throw error;
  }
}

function toTarget(of: {
  readonly document: Node;
  readonly server?: string;
  readonly path: string;
  readonly method: (typeof METHODS)[number];
  readonly operation: Node;
  readonly shared: readonly unknown[];
}): ReadOperation {
  const { document, path, method, operation } = of;
  const server = of.server ?? record(list(document['servers'])[0])['url'];
  if (typeof server !== 'string' || !/^https?:\/\//i.test(server)) {
    return refused('has no server with a whole URL: say `server`');
  }
  // What stands behind the server's name would be another name.
  if (!path.startsWith('/')) return refused('has a path that does not begin with /');
  const open = resolver(document);
  const parameters = new Map<string, Node>();
  for (const one of [...of.shared, ...list(operation['parameters'])]) {
    const parameter = record(open(one));
    if (parameter['in'] !== 'cookie') parameters.set(String(parameter['name']), parameter);
  }
  const namesIn = (place: string): string[] =>
    [...parameters].filter(([, { in: where }]) => where === place).map(([name]) => name);
  const properties: Record<string, unknown> = {};
  const required: string[] = [];
  for (const [name, parameter] of parameters) {
    const { description } = parameter;
    properties[name] = {
      ...record(parameter['schema']),
      ...(typeof description === 'string' ? { description } : {}),
    };
    if (parameter['required'] === true || parameter['in'] === 'path') required.push(name);
  }
  const requestBody = record(open(operation['requestBody']));
  const content = record(record(requestBody['content'])['application/json']);
  const hasBody = 'schema' in content;
  const body = hasBody ? freeName('body', parameters) : null;
  if (body !== null) {
    properties[body] = content['schema'];
    if (requestBody['required'] === true) required.push(body);
  }
  return {
    kind: 'read',
    target: {
      method: method.toUpperCase() as HttpTarget['method'],
      url: `${server.replace(/\/+$/, '')}${path}`,
      query: namesIn('query'),
      headerArguments: namesIn('header').filter(
        (name) => !/^(?:accept|content-type|authorization)$/i.test(name),
      ),
      // Without one, nothing that is left over is sent.
      body: body ?? '',
      headers: {},
    },
    inputSchema: { type: 'object', properties, required, additionalProperties: false },
    summary: [operation['summary'], operation['description']].find(isText) ?? '',
  };
}

function freeName(name: string, taken: ReadonlyMap<string, unknown>): string {
  return taken.has(name) ? freeName(`${name}_`, taken) : name;
}

/** References are put in place: what is kept stands alone. */
function resolver(document: Node): (value: unknown) => unknown {
  let nodes = 0;
  const open = (value: unknown, depth: number): unknown => {
    nodes += 1;
    if (nodes > NODES_MAX) throw new Unreadable('has more in it than is read');
    if (depth > DEPTH_MAX) throw new Unreadable('refers to itself, or is too deep');
    if (Array.isArray(value)) return value.map((one) => open(one, depth + 1));
    if (typeof value !== 'object' || value === null) return value;
    const { $ref } = value as { readonly $ref?: unknown };
    if (typeof $ref === 'string') return open(find(document, $ref), depth + 1);
    return Object.fromEntries(
      Object.entries(value).map(([name, one]) => [name, open(one, depth + 1)]),
    );
  };
  return (value) => open(value, 0);
}

function find(document: Node, reference: string): unknown {
  if (!reference.startsWith('#/')) throw new Unreadable(`refers to another document: ${reference}`);
  let at: unknown = document;
  for (const part of reference.slice(2).split('/')) {
    const name = decoded(part, reference).replaceAll('~1', '/').replaceAll('~0', '~');
    if (!Object.hasOwn(record(at), name)) throw new Unreadable(`has nothing at ${reference}`);
    at = record(at)[name];
  }
  return at;
}

function decoded(part: string, reference: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    throw new Unreadable(`has nothing at ${reference}`);
  }
}

class Unreadable extends Error {}

const refused = (why: string): ReadOperation => ({ kind: 'refused', why });

const record = (value: unknown): Node =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Node) : {};

const isText = (value: unknown): value is string => typeof value === 'string' && value !== '';

const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);
