/** Every duration of what leaves the house, so that a test waits milliseconds where a user waits hours. */
export interface TrustSettings {
  /** How often the outbox is looked at. */
  readonly sendEveryMs: number;
  readonly sendTimeoutMs: number;
  /** The waits between attempts at one delivery; after the last it has failed. */
  readonly deliveryRetryMs: readonly number[];
  readonly deliveriesKeptMs: number;
  /** A webhook that nothing has reached for so long is told no more. */
  readonly failingMsMax: number;
  /** How often the log is looked at for what webhooks are told. */
  readonly relayEveryMs: number;
  /** Entries that are read at once. */
  readonly relayBatch: number;
  /** How long the former secret of a webhook signs as well. */
  readonly secretOverlapMs: number;
  /** How often the log is looked at for what is to be shipped. */
  readonly shipEveryMs: number;
  /** So many entries are shipped at once. */
  readonly shipBatch: number;
  /** The wait after a first failure; it doubles up to `shipRetryMaxMs`, and there is no last one. */
  readonly shipRetryMs: number;
  readonly shipRetryMaxMs: number;
  /** Letters of one organization in an hour: invitations, resets, tests. */
  readonly lettersPerHour: number;
  /** The same to one address. */
  readonly lettersPerReceiver: number;
}

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;

export const TRUST_DEFAULTS: TrustSettings = {
  sendEveryMs: SECOND_MS,
  sendTimeoutMs: 10 * SECOND_MS,
  deliveryRetryMs: [
    5 * SECOND_MS,
    5 * MINUTE_MS,
    30 * MINUTE_MS,
    2 * HOUR_MS,
    5 * HOUR_MS,
    10 * HOUR_MS,
    14 * HOUR_MS,
  ],
  deliveriesKeptMs: 30 * 24 * HOUR_MS,
  failingMsMax: 5 * 24 * HOUR_MS,
  relayEveryMs: SECOND_MS,
  relayBatch: 200,
  secretOverlapMs: 24 * HOUR_MS,
  shipEveryMs: SECOND_MS,
  shipBatch: 100,
  shipRetryMs: SECOND_MS,
  shipRetryMaxMs: 5 * MINUTE_MS,
  lettersPerHour: 100,
  lettersPerReceiver: 5,
};
