/** The Model Context Protocol over Streamable HTTP: one JSON-RPC message a request. */
import { Type } from 'typebox';

import { endpoint } from './endpoint.ts';

export const exchangeMcp = endpoint({
  id: 'tools.exchangeMcp',
  method: 'POST',
  path: '/mcp',
  surface: 'own',
  summary: 'Offer the tools that the caller sees to any MCP client',
  permission: 'tool:read',
  audit: 'batch',
  body: Type.Record(Type.String(), Type.Unknown()),
  bodyBytesMax: 1_048_576,
  output: Type.Unknown(),
});
