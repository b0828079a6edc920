/**
 * Which account of a provider has sealed what a conversation brings along (`docs/adr/0050`):
 * A1 a call whose sealed thinking is known here goes to the account that sealed it, and to no other;
 * A2 one that is not known is tried where it may be: an account that cannot open it says so before it is paid;
 * A3 what is remembered are digests, and at most so many.
 */
import { hash } from 'node:crypto';

import type { StreamReading } from '../bytes/stream-reading.ts';
import { parseData } from '../bytes/stream-reading.ts';
import { withDeployments } from '../formats/bridge.ts';
import type { Deployment, Endpoint } from '../models/deployment.ts';
import type { ModelGroup } from '../models/model-table.ts';
import { sealedIn } from './sealed-in.ts';

/** Of a call whose model has deployments of several accounts that seal. */
export interface Sealed {
  /** It can be answered by one account only (A1). */
  readonly isPinned: boolean;
  /** Takes note of what a response has sealed. */
  readonly remember: (deployment: Deployment, response: object) => void;
}

export interface Affinity {
  pin(
    group: ModelGroup,
    sealed: readonly string[],
  ): { readonly group: ModelGroup; readonly sealed: Sealed | undefined };
}

export function createAffinity(entriesMax: number): Affinity {
  const accounts = new Map<string, string>();
  const note = (text: string, account: string): void => {
    const digest = digestOf(text);
    accounts.delete(digest);
    accounts.set(digest, account);
    const [oldest] = accounts.size > entriesMax ? accounts.keys() : []; // A3
    if (oldest !== undefined) accounts.delete(oldest);
  };
  const remember: Sealed['remember'] = ({ endpoint }, response) => {
    const account = accountOf(endpoint);
    for (const text of sealedIn((response as { readonly output?: unknown }).output)) {
      note(text, account);
    }
  };
  const free: Sealed = { isPinned: false, remember };
  const pinned: Sealed = { isPinned: true, remember };
  return {
    pin: (group, sealed) => {
      if (entriesMax === 0 || !hasSeveral(group)) return { group, sealed: undefined };
      // The newest that is known: an older one may be of an account that the conversation has left.
      const account = sealed.reduceRight<string | undefined>(
        (found, text) => found ?? accounts.get(digestOf(text)),
        undefined,
      );
      if (account === undefined) return { group, sealed: free };
      const own = withDeployments(group, ({ endpoint }) => accountOf(endpoint) === account);
      return own.deployments.length === 0
        ? { group, sealed: free }
        : { group: own, sealed: pinned }; // A1
    },
  };
}

const digestOf = (text: string): string => hash('sha256', text, 'base64').slice(0, 24);

function hasSeveral({ deployments: [first, ...others] }: ModelGroup): boolean {
  if (first === undefined || others.length === 0) return false;
  const account = accountOf(first.endpoint);
  return others.some(({ endpoint }) => accountOf(endpoint) !== account);
}

const known = new WeakMap<Endpoint, string>();

/** The place and the credential, of which only a digest is kept. */
function accountOf(endpoint: Endpoint): string {
  const found = known.get(endpoint);
  if (found !== undefined) return found;
  const { origin } = new URL(endpoint.baseUrl);
  const account = hash('sha256', `${origin} ${endpoint.credential?.reveal() ?? ''}`, 'base64');
  known.set(endpoint, account);
  return account;
}

/** The same stream, of which the last event is told to somebody. */
export function hearLast(reading: StreamReading, hear: (response: object) => void): StreamReading {
  return {
    ...reading,
    open: () => {
      const reader = reading.open();
      return {
        get usage() {
          return reader.usage;
        },
        get begun() {
          return reader.begun;
        },
        read: (data) => {
          const kind = reader.read(data);
          const event = kind === 'last' ? parseData(data) : undefined;
          const response = (event as { readonly response?: unknown } | undefined)?.response;
          if (typeof response === 'object' && response !== null) hear(response);
          return kind;
        },
      };
    },
  };
}
