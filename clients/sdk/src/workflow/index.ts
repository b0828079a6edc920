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
