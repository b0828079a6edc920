export { createNodeSend } from './node-send.ts';
export {
  forgetWorkerCredential,
  readWorkerCredential,
  saveWorkerCredential,
  type WorkerCredential,
  workerCredentialFile,
} from './worker-credential.ts';
