export {
  AGENT_LIMITS,
  type AgentBudget,
  type AgentConfig,
  type AgentLimits,
  type Approval,
  type Guardrail,
  type Hooks,
  type Memory,
  type Verdict,
} from './agent-config.ts';
export { NobodyCounts } from './ask-model.ts';
export type { ChatMessage, JsonSchema, ModelTurn, ToolCall, Usage } from './chat.ts';
export { type AgentEnd, type AgentEvent, type AgentResult, AgentStopped } from './events.ts';
export { governedTools, type GovernedOptions } from './governed-tools.ts';
export type { GatewayAddress, InferenceConfig, InferenceOverride } from './inference.ts';
export { ModelCallError, type ModelCallCode } from './model-call-error.ts';
export { NoEndpoint } from './resolve-endpoint.ts';
export { inProcess, type RunOptions, type StepContext } from './run-options.ts';
export { currentInference, type InferenceScope, withInference } from './scope.ts';
export { createShortTermMemory } from './short-term-memory.ts';
export { defineTool, type Tool, type ToolContext, ToolWaits } from './tool.ts';
export { UniversalAgent } from './universal-agent.ts';
