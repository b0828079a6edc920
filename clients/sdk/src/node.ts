export { createNodeSend, type NodeSendOptions } from './node-send.ts';
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
