import type { Send } from '@sagewai/sdk';
import type { NodeSendOptions, WorkerKey } from '@sagewai/sdk/node';
import type { HpkeKeyPair } from '@sagewai/seal';

import type { CredentialStore } from './credentials/credential-store.ts';
import type { Environment } from './credentials/run-scope.ts';
import type { WorkflowTable } from './durable/run-durable.ts';

/** What a worker was told, resolved: nothing here is optional. */
export interface WorkerOptions {
  readonly url: string;
  readonly name: string;
  readonly home: string;
  readonly pool: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Of its code. Empty: it does not say. */
  readonly version: string;
  readonly models: readonly string[];
  readonly maxConcurrent: number;
  /** `sk-fleet-…`, or a worker token: servers accept either in this slot. Empty for none. */
  readonly enrollmentKey: string;
  /** A pre-issued worker token. Empty for none. */
  readonly workerToken: string;
  /** For registration without a key. Empty for the server's choice. */
  readonly organization: string;
  /** Name or id: it takes this project's runs alone. Empty: every project's. */
  readonly project: string;
  readonly heartbeatIntervalMs: number;
  readonly pollTimeoutMs: number;
  /** How long a server that is not there is waited for at the start. */
  readonly serverWaitMsMax: number;
  /** How long runs may go on after a signal to stop. */
  readonly drainMsMax: number;
  /** Whether it ends when it was asked to go and holds nothing more. */
  readonly exitWhenDrained: boolean;
  /** Whether a signal to stop means that it does not come back. */
  readonly leaveOnStop: boolean;
  readonly providers: ProviderCredentials;
  /** What overrides them, for the runs that begin now. */
  readonly credentials: CredentialStore;
  /** Opens sealed payloads; null: none can be opened. */
  readonly sealKey: HpkeKeyPair | null;
  /** It was given, and is not only this worker's. */
  readonly isSealKeyGiven: boolean;
  /** Of the process; runs see it under their overrides. */
  readonly environment: Environment;
  /** Of this worker. */
  readonly key: WorkerKey;
  /** Whether connections to the server prove the key pair too. */
  readonly mtls: boolean;
  /** The private authority that vouches for the server, and with `mtls` what the worker shows. */
  readonly serverTls: NodeSendOptions;
  /** How the back ends of its models are asked; null: not at all. */
  readonly probe: {
    readonly how: 'list' | 'completion';
    readonly everyMs: number;
    readonly timeoutMs: number;
  } | null;
  /** What it does beside the built-in workflow, by name. */
  readonly workflows: WorkflowTable;
  /** Carries every request of the main thread to the server. */
  readonly send: Send;
  /** Carries calls to providers: an authority that vouches for the server does not for them. */
  readonly sendToProvider: Send;
}

/** The worker's own model credentials. They stay here: they are never sent to the server. */
export interface ProviderCredentials {
  readonly openai: { readonly apiKey: string; readonly baseUrl: string } | null;
  readonly anthropic: { readonly apiKey: string; readonly baseUrl: string } | null;
  /** Always known; used for models that are spelled `ollama/…`. */
  readonly ollama: { readonly baseUrl: string };
}

/** How a worker's process ends. `fatal` says what a person must do. */
export type WorkerEnd =
  | {
      readonly kind: 'drained';
      /** Runs whose end the server was not told: they start again elsewhere. */
      readonly unsent: number;
    }
  | {
      readonly kind: 'fatal';
      readonly why: 'error' | 'auth' | 'conflict' | 'unavailable';
      readonly reason: string;
    };
