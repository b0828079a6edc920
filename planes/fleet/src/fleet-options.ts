import type { KeyObject } from 'node:crypto';

import type { Clock } from '@sagewai/clock';
import type { MasterKeys } from '@sagewai/crypto';
import type { PublicEgress } from '@sagewai/egress';
import type { Ledger, PriceCeiling } from '@sagewai/ledger';
import type { Log } from '@sagewai/log';
import type { ObjectStore } from '@sagewai/objects';
import type { Db } from '@sagewai/postgres';
import type { Accelerator } from '@sagewai/redis';
import type { Metrics } from '@sagewai/telemetry';

import type { ChooseTier } from './matching/resolve-auto.ts';
import type { FleetSettings } from './settings.ts';

export interface LastingKeys {
  /** Of references to contents in the object store. */
  readonly contentReference: KeyObject;
  /** Of hashes by which a repeated submission is known. */
  readonly requestHash: KeyObject;
}

export interface FleetOptions {
  /** As `sagewai_request`. */
  readonly db: Db;
  /** As `sagewai_dispatch`. */
  readonly dispatch: Db;
  /** A direct connection for wakes of other replicas; null: there are none. */
  readonly listenUrl: string | null;
  /** Tells wakes quicker than the database; without it nothing is lost. */
  readonly redis?: Accelerator | null;
  readonly ledger: Ledger;
  /** What a model costs that a worker calls with its own credentials; null: unknown. */
  readonly priceOf: (model: string) => PriceCeiling | null;
  /** Which models and pools runs get that leave them to how complex they seem. */
  readonly chooseTier: ChooseTier;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
  /** Of a purpose of its own. */
  readonly workerTokenKey: KeyObject;
  readonly runTokenKey: KeyObject;
  /** Wrap the keys of organizations that encrypt, and seal secrets of triggers; the present one first. */
  readonly sealingKeys: MasterKeys;
  /** Never replaced: what they have made stands in rows that nobody goes over again. */
  readonly lastingKeys: LastingKeys;
  /** Where contents stand that are too large for a row. Who opened it closes it. */
  readonly objects: ObjectStore;
  /** To addresses that tenants name. Who opened it closes it. */
  readonly egress: PublicEgress;
  readonly settings?: Partial<FleetSettings>;
}
