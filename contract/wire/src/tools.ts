/** Tools that are registered: the only ones that anything has an effect through. */
import { Type } from 'typebox';

import { endpoint } from './endpoint.ts';
import { idOrNull, oneOf, orNull } from './schemas.ts';
import {
  jsonSchema,
  mcpTarget,
  tool,
  toolCredential,
  toolFields,
  toolKind,
  toolName,
  toolRate,
} from './tool-manifest.ts';

const project = Type.Optional(Type.String({ minLength: 1, maxLength: 100 }));
const ofTool = Type.Object({
  /** Name or id; of a name, the project's own goes before the organization's. */
  tool: Type.String({ minLength: 1, maxLength: 64 }),
});

const reading = { surface: 'own', permission: 'tool:read', audit: 'read' } as const;
const writing = { surface: 'own', permission: 'tool:write', audit: 'record' } as const;

export const listTools = endpoint({
  ...reading,
  id: 'tools.listTools',
  method: 'GET',
  path: '/api/v1/tools',
  summary: 'List the tools that the caller can see',
  query: Type.Object({ project }),
  output: Type.Object({ tools: Type.Array(tool) }),
});

export const getTool = endpoint({
  ...reading,
  id: 'tools.getTool',
  method: 'GET',
  path: '/api/v1/tools/{tool}',
  summary: 'Show a tool: what it takes, what it may do, where it goes',
  params: ofTool,
  output: tool,
});

export const createTool = endpoint({
  ...writing,
  id: 'tools.createTool',
  method: 'POST',
  path: '/api/v1/tools',
  summary: 'Register a tool of a project, or of the organization',
  body: Type.Object({
    name: toolName,
    kind: toolKind,
    /** Name or id; left out: all projects may use it. */
    project,
    ...toolFields,
  }),
  output: tool,
  status: 201,
});

export const updateTool = endpoint({
  ...writing,
  id: 'tools.updateTool',
  method: 'PATCH',
  path: '/api/v1/tools/{tool}',
  summary: 'Change a tool; approvals of calls of what it was are void',
  params: ofTool,
  body: Type.Object(toolFields),
  output: tool,
});

export const deleteTool = endpoint({
  ...writing,
  id: 'tools.deleteTool',
  method: 'DELETE',
  path: '/api/v1/tools/{tool}',
  summary: 'Delete a tool; its calls are kept',
  params: ofTool,
  output: Type.Object({ status: Type.Literal('ok') }),
});

export const discoverTools = endpoint({
  id: 'tools.discoverTools',
  method: 'POST',
  path: '/api/v1/tools/discover',
  surface: 'own',
  summary: 'Ask an MCP server which tools it has, to register some',
  permission: 'tool:write',
  audit: 'batch',
  body: Type.Object({
    mcp: mcpTarget,
    credential: Type.Optional(toolCredential),
  }),
  output: Type.Object({
    tools: Type.Array(
      Type.Object({
        name: Type.String(),
        description: Type.String(),
        input_schema: jsonSchema,
        /** Of the schema: a tool that is registered with it is not called once the server says another. */
        pin: Type.String(),
      }),
    ),
  }),
});

const setBy = oneOf(['organization', 'project'] as const);

const rates = Type.Object({
  rates: Type.Array(
    Type.Object({
      /** Null: of the whole organization. */
      project_id: idOrNull,
      /** A project may limit itself beside: both hold. */
      set_by: setBy,
      rate: toolRate,
    }),
  ),
});

export const listToolRates = endpoint({
  ...reading,
  id: 'tools.listToolRates',
  method: 'GET',
  path: '/api/v1/tool-rates',
  summary: 'How many calls of tools the organization and its projects may make',
  output: rates,
});

export const setToolRate = endpoint({
  ...writing,
  id: 'tools.setToolRate',
  method: 'PUT',
  path: '/api/v1/tool-rates',
  summary: 'Limit the calls of all tools together, of a project or of the organization',
  body: Type.Object({
    /** Name or id; left out: of the whole organization. */
    project,
    /** Left out: whoever sets it. What the organization has set, a project does not change. */
    set_by: Type.Optional(setBy),
    /** Null: as many as wanted. */
    rate: orNull(toolRate),
  }),
  output: rates,
});

export const TOOL_ENDPOINTS = [
  listTools,
  getTool,
  createTool,
  updateTool,
  deleteTool,
  discoverTools,
  listToolRates,
  setToolRate,
] as const;
