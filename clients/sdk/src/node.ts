export { createNodeOpen, createNodeSend, type NodeSendOptions } from './node-send.ts';
export { type ProofOf, proveWorker } from './prove-worker.ts';
export {
  type HpkeKeyPair as SealKeyPair,
  type SealedPayload,
  sealKeyText,
  sealPayload,
} from '@sagewai/seal';
export { readCa } from './read-ca.ts';
export { makeSealKey, readSealKey } from './seal-key-file.ts';
export { type OpenedRun, openRun, type SealedRun } from './sealed-run.ts';
export { travelsInClear } from './travels-in-clear.ts';
export {
  forgetWorkerCredential,
  readWorkerCredential,
  saveWorkerCredential,
  type WorkerCredential,
  workerCredentialFile,
  workerSealKeyFile,
} from './worker-credential.ts';
export {
  forgetWorkerKey,
  keepWorkerKey,
  makeWorkerKey,
  type WorkerKey,
  workerKeyFile,
} from './worker-key.ts';
export {
  createWorkerRenewals,
  forgetWorkerRenewals,
  type Renewal,
  type RenewalStore,
  type WorkerRenewals,
  workerRenewalsFile,
} from './worker-renewals.ts';
