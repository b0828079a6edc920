export { createNodeSend, type NodeSendOptions } from './node-send.ts';
export { readCa } from './read-ca.ts';
export { travelsInClear } from './travels-in-clear.ts';
export {
  forgetWorkerCredential,
  readWorkerCredential,
  saveWorkerCredential,
  type WorkerCredential,
  workerCredentialFile,
} from './worker-credential.ts';
