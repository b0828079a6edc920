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
export { defineWorkflow, type InputSchema, type WorkflowDefinition } from './define-workflow.ts';
export { NonDeterministic, StepFailed, Unrecoverable } from './errors.ts';
export type { Journal, JournaledStep, Resumed, StepRecord } from './journal.ts';
export { runWorkflow, type WorkflowOptions } from './run-workflow.ts';
export type { ChildEnd, WorkflowChildren } from './waits.ts';
export type { WorkflowEnd, WorkflowWait } from './workflow-end.ts';
