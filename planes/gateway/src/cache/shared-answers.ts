/**
 * Kept answers that all replicas find, in Redis. They are sealed under a key that is not there, each for its
 * own name alone: who reads or changes what Redis holds learns nothing, and gets nothing told.
 */
import type { Clock } from '@sagewai/clock';
import { open, seal, type SealingKey } from '@sagewai/crypto';

import type { Deployment } from '../models/deployment.ts';
import type { Usage } from '../money/usage.ts';
import type { Kept } from './answer-cache.ts';

export interface SharedAnswersOptions {
  readonly store: {
    /** Null: it is not there. Neither waits for long, nor throws. */
    get(key: string): Promise<Buffer | null>;
    set(key: string, value: Buffer, ttlMs: number): Promise<boolean>;
  };
  /** The first seals; all open. */
  readonly sealing: readonly [SealingKey, ...SealingKey[]];
}

export interface FoundAnswer {
  readonly kept: Kept;
  readonly ageMs: number;
  readonly leftMs: number;
}

interface Head {
  readonly contentType: string;
  readonly deployment: string;
  readonly usage: Usage;
  readonly costPusd: string | null;
  readonly atMs: number;
  readonly untilMs: number;
}

const NEWLINE = 0x0a;
const PREFIX = 'answer:';

export class SharedAnswers {
  readonly #options: SharedAnswersOptions & { readonly clock: Clock };

  constructor(options: SharedAnswersOptions & { readonly clock: Clock }) {
    this.#options = options;
  }

  /** Null: it is not there, or is no answer of one of these deployments. */
  async find(key: string, deployments: readonly Deployment[]): Promise<FoundAnswer | null> {
    const { store, sealing, clock } = this.#options;
    const sealed = await store.get(PREFIX + key);
    if (sealed === null) return null;
    const opened = open(sealing, sealed.toString('latin1'), PREFIX + key);
    if (opened.kind !== 'opened') return null;
    const end = opened.data.indexOf(NEWLINE);
    const head = JSON.parse(opened.data.toString('utf8', 0, end)) as Head;
    const deployment = deployments.find(({ id }) => id === head.deployment);
    const now = clock.now().getTime();
    const leftMs = head.untilMs - now;
    if (deployment === undefined || leftMs <= 0) return null;
    const { contentType, usage } = head;
    const costPusd = head.costPusd === null ? null : BigInt(head.costPusd);
    const body = opened.data.subarray(end + 1);
    const kept = { body, contentType, deployment, usage, costPusd } as Kept;
    return { kept, leftMs, ageMs: Math.max(0, now - head.atMs) };
  }

  async keep(key: string, kept: Kept, ttlMs: number): Promise<void> {
    const { store, sealing, clock } = this.#options;
    const atMs = clock.now().getTime();
    const head: Head = {
      contentType: kept.contentType,
      deployment: kept.deployment.id,
      usage: kept.usage,
      costPusd: kept.costPusd === null ? null : String(kept.costPusd),
      atMs,
      untilMs: atMs + ttlMs,
    };
    const plain = Buffer.concat([Buffer.from(`${JSON.stringify(head)}\n`), kept.body]);
    await store.set(
      PREFIX + key,
      Buffer.from(seal(sealing[0], plain, PREFIX + key), 'latin1'),
      ttlMs,
    );
  }
}
