import { aiSdkAgent } from './ai-sdk-agent.ts';
import { graph } from './graph.ts';
import { mcpAgent } from './mcp-agent.ts';

export const workflows = [graph, aiSdkAgent, mcpAgent];
