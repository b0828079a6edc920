/** A way to an MCP server: one request, one answer. */
import type { Manifest } from '../tool.ts';
import { FORMER_VERSIONS, META, MODERN_VERSIONS, record } from './message.ts';

export type RpcAnswer =
  | { readonly kind: 'result'; readonly result: Readonly<Record<string, unknown>> }
  | {
      readonly kind: 'error';
      readonly code: number;
      readonly message: string;
      readonly data: unknown;
    };

export interface McpWire {
  /** Throws what the network throws, `CutMcp` where no answer came, and `BadMcp` for what is none of the protocol. */
  request(method: string, params: object): Promise<RpcAnswer>;
  notify(method: string): Promise<void>;
  /** The revision that `initialize` has agreed on. */
  agree(version: string): void;
  close(): void;
}

export class BadMcp extends Error {}
/** It was asked, and has ended without an answer: it may have done what it was asked for (A3). */
export class CutMcp extends BadMcp {}
/** Nobody is spoken to: what was asked for was not done. */
export class NoMcp extends Error {}

const CLIENT = { name: 'sagewai', version: '0.1.0' };

export interface McpConnection {
  readonly call: (method: string, params: object) => Promise<RpcAnswer>;
  readonly close: () => void;
}

/**
 * By the life that the server has: asked first for the one without sessions, which the servers of former revisions
 * refuse in one way or another, and then begun as they have it.
 */
export async function connectMcp(wire: McpWire): Promise<McpConnection> {
  const [version = ''] = MODERN_VERSIONS;
  const meta = { [META.version]: version, [META.capabilities]: {}, [META.client]: CLIENT };
  const modern = (method: string, params: object): Promise<RpcAnswer> =>
    wire.request(method, { ...params, _meta: { ...record(record(params)['_meta']), ...meta } });
  const close = (): void => wire.close();
  let discovered = await modern('server/discover', {});
  if (
    discovered.kind === 'error' &&
    isSpoken(record(discovered.data)['supported'], MODERN_VERSIONS)
  ) {
    discovered = await modern('server/discover', {});
  }
  if (
    discovered.kind === 'result' &&
    isSpoken(discovered.result['supportedVersions'], MODERN_VERSIONS)
  ) {
    return { call: modern, close };
  }
  const begun = await wire.request('initialize', {
    protocolVersion: FORMER_VERSIONS[0],
    capabilities: {},
    clientInfo: CLIENT,
  });
  if (begun.kind === 'error') throw new NoMcp(`the server does not begin: ${begun.message}`);
  const agreed = begun.result['protocolVersion'];
  if (typeof agreed !== 'string' || !FORMER_VERSIONS.includes(agreed)) {
    throw new NoMcp(`the server speaks ${String(agreed)}, which is not spoken here`);
  }
  wire.agree(agreed);
  await wire.notify('notifications/initialized');
  return { call: (method, params) => wire.request(method, params), close };
}

const isSpoken = (said: unknown, known: readonly string[]): boolean =>
  Array.isArray(said) && said.some((one) => known.includes(String(one)));

export interface RemoteTool {
  readonly name: string;
  readonly description: string;
  readonly inputSchema: Manifest['inputSchema'];
}

const PAGES_MAX = 20;

/** All that the server says it has. */
export async function listRemoteTools({ call }: McpConnection): Promise<RemoteTool[]> {
  const tools: RemoteTool[] = [];
  let cursor: string | null = null;
  for (let page = 0; page < PAGES_MAX; page += 1) {
    const answer = await call('tools/list', cursor === null ? {} : { cursor });
    if (answer.kind === 'error')
      throw new BadMcp(`the server does not list its tools: ${answer.message}`);
    const listed = answer.result['tools'];
    if (!Array.isArray(listed)) throw new BadMcp('the server lists no tools');
    for (const one of listed.map(record)) {
      const { name, description } = one;
      if (typeof name !== 'string') throw new BadMcp('the server has a tool without a name');
      const about = typeof description === 'string' ? description : '';
      tools.push({ name, description: about, inputSchema: record(one['inputSchema']) });
    }
    const next = answer.result['nextCursor'];
    if (typeof next !== 'string') return tools;
    cursor = next;
  }
  throw new BadMcp('the server has no end of tools');
}
