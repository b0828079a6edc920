import { Fault } from '@sagewai/fault';
import { implementOwn, type Route } from '@sagewai/http';
import { discoverTools } from '@sagewai/wire';

import { hostOf } from '../is-allowed-host.ts';
import type { ActionParts } from '../parts.ts';
import { mistaken } from '../read-manifest.ts';
import { openWire, pinOf } from './call-mcp-tool.ts';
import { BadMcp, connectMcp, listRemoteTools, NoMcp } from './mcp-connection.ts';

const TIMEOUT_MS = 15_000;
const BYTES_MAX = 4 * 1_048_576;

/** Asks an MCP server for its tools, by the same way as its tools are called. */
export function discoverRoute(parts: ActionParts): Route {
  return implementOwn(discoverTools, async ({ body }) => {
    const { url = null, command = null } = body.mcp;
    if ((url === null) === (command === null))
      throw mistaken('mcp', 'must have a url, or a command');
    if (url !== null && !URL.canParse(url)) throw mistaken('mcp', 'must have a URL');
    const { value = null, header = 'authorization', prefix = 'Bearer ' } = body.credential ?? {};
    try {
      const wire = openWire(parts, {
        mcp: { url, command },
        allowed: url === null ? [] : [hostOf(new URL(url))],
        place: { header, prefix, hint: '' },
        credential: value,
        signal: AbortSignal.timeout(TIMEOUT_MS),
        bytesMax: BYTES_MAX,
      });
      try {
        const tools = await listRemoteTools(await connectMcp(wire));
        return {
          tools: tools.map(({ name, description, inputSchema }) => ({
            name,
            description,
            input_schema: { ...inputSchema },
            pin: pinOf(inputSchema),
          })),
        };
      } finally {
        wire.close();
      }
    } catch (thrown) {
      if (thrown instanceof Fault) throw thrown;
      const why =
        thrown instanceof BadMcp || thrown instanceof NoMcp
          ? thrown.message
          : 'it cannot be reached';
      throw new Fault('upstream.refused', 'an MCP server was not read', {
        cause: thrown,
        detail: `The MCP server was not read: ${why}.`,
      });
    }
  });
}
