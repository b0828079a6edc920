import type { Routing, Traffic } from './routing.ts';

const MINUTE_MS = 60_000;
/** How much the newest measurement counts for. */
const NEWEST = 0.3;

interface Latency {
  readonly ms: number;
  readonly atMs: number;
}

/**
 * What this process has seen of one deployment lately. Other replicas see their own: how far that can be
 * off is in docs/adr/0030. Instants are monotonic milliseconds.
 */
export class DeploymentState {
  inFlight = 0;
  wasFoundUnwell = false;
  #coolsUntilMs = -Infinity;
  /** When it failed last, newest last. */
  #failedMs: number[] = [];
  #minuteMs = -Infinity;
  #requests = 0;
  #tokens = 0;
  readonly #latency: Record<'stream' | 'whole', Latency | null> = { stream: null, whole: null };

  coolsUntilMs(): number {
    return this.#coolsUntilMs;
  }

  /** Not before an instant, whatever else is known. */
  coolUntil(untilMs: number): void {
    this.#coolsUntilMs = Math.max(this.#coolsUntilMs, untilMs);
  }

  /** By asking it, until it is asked again. What it answers to calls counts as well. */
  findUnwell(untilMs: number): void {
    this.wasFoundUnwell = true;
    this.coolUntil(untilMs);
  }

  /** It was found to be well again. */
  warm(): void {
    this.wasFoundUnwell = false;
    this.#coolsUntilMs = -Infinity;
    this.#failedMs = [];
  }

  /** True: there were more failures within a minute than are allowed. */
  fail(nowMs: number, allowed: number): boolean {
    this.#failedMs.push(nowMs);
    if (this.#failedMs.length > allowed + 1) this.#failedMs.shift();
    const [oldest = nowMs] = this.#failedMs;
    return this.#failedMs.length > allowed && nowMs - oldest < MINUTE_MS;
  }

  countRequest(nowMs: number): void {
    this.#turn(nowMs);
    this.#requests++;
  }

  countTokens(nowMs: number, tokens: number): void {
    this.#turn(nowMs);
    this.#tokens += tokens;
  }

  tokensThisMinute(nowMs: number): number {
    return nowMs - this.#minuteMs < MINUTE_MS ? this.#tokens : 0;
  }

  isFull(nowMs: number, { requestsPerMinute, tokensPerMinute }: Traffic): boolean {
    if (nowMs - this.#minuteMs >= MINUTE_MS) return false;
    return (
      this.#requests >= (requestsPerMinute ?? Infinity) ||
      this.#tokens >= (tokensPerMinute ?? Infinity)
    );
  }

  measure(kind: 'stream' | 'whole', ms: number, nowMs: number): void {
    const before = this.#latency[kind];
    const next = before === null ? ms : before.ms + (ms - before.ms) * NEWEST;
    this.#latency[kind] = { ms: next, atMs: nowMs };
  }

  latencyMs(kind: 'stream' | 'whole', nowMs: number, { latencyTtlMs }: Routing): number | null {
    const latency = this.#latency[kind];
    return latency !== null && nowMs - latency.atMs < latencyTtlMs ? latency.ms : null;
  }

  #turn(nowMs: number): void {
    if (nowMs - this.#minuteMs < MINUTE_MS) return;
    this.#minuteMs = nowMs;
    this.#requests = 0;
    this.#tokens = 0;
  }
}
