export {
  type CallInput,
  type CallOptions,
  type CallOutput,
  type ClientOptions,
  createClient,
  type RoutingConstraints,
  type SagewaiClient,
  type Submission,
} from './client.ts';
export { type ComparedStep, compareSteps } from './compare-steps.ts';
export { SagewaiError } from './error.ts';
export { retryDelayMs, spreadDelayMs } from './retry.ts';
export type { Incoming, Open, Opened, Outgoing, Send } from './send.ts';
export type { StreamEvents, StreamOptions } from './stream.ts';
export type { InferenceOverrides, WorkerCredentials } from './worker-credentials.ts';
