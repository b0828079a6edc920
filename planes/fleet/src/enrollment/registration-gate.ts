import { hash } from 'node:crypto';

import { Fault } from '@sagewai/fault';
import type { OrganizationId } from '@sagewai/wire';

import { RegistrationRate } from './registration-rate.ts';

export interface RegistrationGateOptions {
  /** Of an address, where the organization has not said. */
  readonly perSecond: number;
  readonly burst: number;
  /** How long an organization's own rate is trusted. */
  readonly trustMs: number;
  readonly monotonicMs: () => number;
}

interface OwnRate {
  readonly orgId: OrganizationId;
  readonly perSecond: number;
  readonly readMs: number;
}

const REMEMBERED_MAX = 10_000;

/**
 * Lets in as many registrations as an address may make, before anything is looked up. An organization's
 * own rate counts for those who show a key that was found to be its: a stranger cannot ask for it.
 */
export class RegistrationGate {
  readonly #options: RegistrationGateOptions;
  readonly #rates = new RegistrationRate();
  readonly #own = new Map<string, OwnRate>();

  constructor(options: RegistrationGateOptions) {
    this.#options = options;
  }

  /** Throws when the address has to wait. */
  enter(address: string, shown: string | undefined): void {
    const { perSecond, burst, trustMs, monotonicMs } = this.#options;
    const nowMs = monotonicMs();
    const known = shown === undefined ? undefined : this.#own.get(nameOf(shown));
    const own = known !== undefined && nowMs - known.readMs < trustMs ? known : null;
    const rate =
      own === null
        ? { perSecond, burst }
        : { perSecond: own.perSecond, burst: Math.max(1, Math.ceil(own.perSecond)) };
    const turn = this.#rates.take(address, rate, { nowMs, of: own?.orgId ?? '' });
    if (turn.kind === 'admitted') return;
    throw new Fault('rate.exceeded', `too many registrations from ${address}`, {
      detail: `Too many registrations from ${address}: ${rate.perSecond} a second are taken.`,
      retryAfterMs: turn.retryAfterMs,
    });
  }

  /** The key is this organization's, which has a rate of its own; null: it has none. */
  learn(shown: string, orgId: OrganizationId, perSecond: number | null): void {
    const name = nameOf(shown);
    if (perSecond === null) {
      this.#own.delete(name);
      return;
    }
    if (this.#own.size >= REMEMBERED_MAX) this.#own.clear();
    this.#own.set(name, { orgId, perSecond, readMs: this.#options.monotonicMs() });
  }
}

/** What is remembered of a credential is not the credential. */
const nameOf = (shown: string): string => hash('sha256', shown, 'base64url');
