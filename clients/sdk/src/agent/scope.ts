import { AsyncLocalStorage } from 'node:async_hooks';

import type { WorkerCredentials } from '../worker-credentials.ts';
import type { GatewayAddress } from './inference.ts';

/** What the surroundings of an agent say about whom it calls: a worker's credentials, a server of ours. */
export interface InferenceScope {
  readonly credentials?: WorkerCredentials;
  readonly gateway?: GatewayAddress;
}

const scopes = new AsyncLocalStorage<InferenceScope>();

/** Every agent that is called within `work`, however deep and late, finds it; what is not said is the outer one's. */
export function withInference<Output>(scope: InferenceScope, work: () => Output): Output {
  return scopes.run({ ...scopes.getStore(), ...scope }, work);
}

export const currentInference = (): InferenceScope => scopes.getStore() ?? {};
