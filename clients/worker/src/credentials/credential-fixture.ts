import type { CredentialStore } from './credential-store.ts';

/** Of a worker without a file, and without secrets. */
export const NO_CREDENTIALS: CredentialStore = {
  take: () => Promise.resolve({}),
  redact: (text) => text,
};
