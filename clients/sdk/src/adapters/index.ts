export { type DurableModel, durableModel } from './durable-model.ts';
export { durableNode } from './durable-node.ts';
export { durableTool } from './durable-tool.ts';
export { gatewayAddress, type OpenAiAddress } from './gateway.ts';
