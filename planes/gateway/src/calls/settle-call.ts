import type { JsonObject } from '@sagewai/translate';
import type { PicoUsd } from '@sagewai/wire';

import type { MediaBounds } from '../formats/format.ts';
import type { Deployment } from '../models/deployment.ts';
import { costOf, estimateUsage } from '../money/meter.ts';
import { dearestUnit } from '../money/price.ts';
import { NO_USAGE, type Usage } from '../money/usage.ts';
import type { AdmittedCall, Settled } from './admitted-call.ts';

/** What became of a call, for its settlement. */
export interface Outcome {
  readonly deployment: Deployment;
  readonly usage: Usage;
  /** An estimate is never passed off as something else (M3). */
  readonly source: 'provider' | 'estimate' | 'cache';
  readonly status: 'ok' | 'error' | 'aborted';
  /** Of a stream: when its first piece arrived, of a monotonic clock. */
  readonly firstDataMs?: number;
  /** Of a whole answer: what it says. */
  readonly told?: JsonObject | undefined;
}

/** Books what a call cost and gives the rest back; resolves when that is durable (M2). */
export type SettleCall = (call: AdmittedCall, outcome: Outcome) => Promise<Settled>;

/** What an outcome costs; null when nobody knows the price, which is not 0 (M4). */
export function priceOutcome({ deployment, usage, source }: Outcome): PicoUsd | null {
  if (source === 'cache') return 0n;
  return deployment.price === undefined ? null : costOf(deployment.price, usage);
}

/** The usage that was reported, else an estimate of what was seen of the answer. */
export function usageOrEstimate(
  call: AdmittedCall,
  reported: Usage | undefined,
  seen: () => Seen,
  begun?: Usage,
): Pick<Outcome, 'usage' | 'source'> {
  if (reported !== undefined && isWhole(call, reported)) {
    return { usage: reported, source: 'provider' };
  }
  const { media } = call.asked;
  if (media !== undefined) return { usage: likelyOf(media), source: 'estimate' };
  const limits = { inputMax: call.bounds.inputMax, outputMax: call.granted };
  return { usage: estimateUsage(call.input.raw.length, seen(), limits, begun), source: 'estimate' };
}

/** Of pictures and recordings: whether that is told by which they are charged. */
function isWhole({ asked, group }: AdmittedCall, { input, output, units }: Usage): boolean {
  if (asked.media === undefined) return true;
  const isByPiece = dearestUnit(group.deployments.map(({ price }) => price)) > 0n;
  return isByPiece ? units !== undefined : input + output > 0;
}

function likelyOf(media: MediaBounds): Usage {
  const { inputTokens: input, outputTokens: output, units } = media.likely ?? media;
  return { ...NO_USAGE, input, output, units };
}

/** How much of an answer has passed, where its provider does not say. */
export interface Seen {
  readonly outputBytes: number;
  readonly outputChunks: number;
}

export const nothingSeen = (): Seen => ({ outputBytes: 0, outputChunks: 0 });
