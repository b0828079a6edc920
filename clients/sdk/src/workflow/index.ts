export { type InferenceScope, withInference } from '../agent/scope.ts';
export type {
  ApprovalAnswer,
  ApprovalWish,
  ChildRun,
  SignalAnswer,
  SignalWish,
  StepCall,
  StepOptions,
  Workflow,
  WorkflowContext,
} from './context.ts';
export { defineWorkflow, type WorkflowDefinition } from './define-workflow.ts';
export { NonDeterministic, StepFailed, Unrecoverable } from './errors.ts';
export { type InputSchema, jsonSchemaOf, readInput } from './input-schema.ts';
export type { Journal, JournaledStep, Resumed, StepRecord } from './journal.ts';
export { runWorkflow, type WorkflowOptions } from './run-workflow.ts';
export type { ChildEnd, WorkflowChildren } from './waits.ts';
export type { WorkflowEnd, WorkflowWait } from './workflow-end.ts';
