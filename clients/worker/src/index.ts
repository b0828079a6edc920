export { ConfigError } from '@sagewai/config';
export type { WorkerLog } from './log.ts';
export { WorkerFailed, WorkflowWorker, type WorkflowWorkerOptions } from './workflow-worker.ts';
