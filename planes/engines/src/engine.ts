import { isIPv6 } from 'node:net';

import type { BodyOf, ENGINE_KINDS, ENGINE_STATES, startEngine } from '@sagewai/wire';

/**
 * An engine.
 *
 *     STARTING ──► READY ──► DRAINING ──► STOPPED
 *         └──────────┴───► ERROR
 *
 *   N1. Only one that is READY is a deployment of the gateway.
 *   N2. A process is started by a command line that the operator has written; of a request it gets single words.
 *   N3. One that ends or stops answering is started again, three times at most; then it is in ERROR.
 *   N4. Only the server that has started a process looks after it. Whose server is gone is in ERROR.
 *   N5. A state is changed from the one that the change was decided by.
 *   N6. No process of a server goes on of which no row tells: not after its row was forgotten, nor beside a later one.
 *   N7. Files of a fine-tune are served as the run has made them, or not at all.
 */
export interface Engine {
  readonly id: string;
  readonly model: string;
  readonly host: string;
  readonly port: number;
  readonly kind: (typeof ENGINE_KINDS)[number];
  readonly state: EngineState;
  readonly replica: string | null;
  readonly backend: string | null;
  readonly options: EngineOptions;
  readonly metadata: Record<string, unknown>;
  readonly memoryGb: number | null;
  readonly createdAt: Date;
  readonly stateAt: Date;
  readonly heartbeatAt: Date | null;
  readonly seenAt: Date;
  readonly failures: number;
  readonly restarts: number;
  readonly problem: string | null;
}

export type EngineState = (typeof ENGINE_STATES)[number];

export type EngineOptions = Pick<
  BodyOf<typeof startEngine>,
  'tensor_parallel_size' | 'pipeline_parallel_size' | 'max_concurrent_requests' | 'port'
> & {
  /** Where the files of a fine-tune were put on the machine of its server. */
  readonly files?: string | null;
};

export const CONCURRENT_DEFAULT = 256;

/** What nobody of ours has started may answer again, as long as nobody has stopped it. */
export const comesBack = ({ state, replica }: Pick<Engine, 'state' | 'replica'>): boolean =>
  state === 'ERROR' && replica === null;

/** As it stands in a URL: the letters of an IPv6 address have colons of their own. */
export const originOf = ({ host, port }: Pick<Engine, 'host' | 'port'>): string =>
  `http://${isIPv6(host) ? `[${host}]` : host}:${port}`;

export const isOver = ({ state }: Pick<Engine, 'state'>): boolean =>
  state === 'STOPPED' || state === 'ERROR';
