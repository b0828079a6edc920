/**
 * Evidence: what an outsider needs to check that the audit log is whole. Making it is the trust
 * plane's duty, checking it `clients/verify`'s; both read the format here, and only here.
 *
 * The log of one organization is a chain. Each entry carries the SHA-256 of its own canonical text,
 * and that text ends with the hash of the entry before it, so no entry can be changed, removed, added
 * or moved without breaking every hash after it.
 *
 * The canonical text is a row of netstrings (`<length in UTF-8 bytes>:<text>,`), in this order:
 * version, organization, sequence number, instant, actor, action, subject, outcome, request id,
 * details, previous hash. Lengths make the borders unmistakable: no two entries have the same text.
 * `details` is JSON, but it is hashed as the text that was stored, never parsed and written again.
 */
import type { OrganizationId } from './ids.ts';

export const CHAIN_VERSION = 1;

/** The chain of the platform itself: what was done by nobody's member, or by nobody at all. */
export const PLATFORM_CHAIN = '00000000-0000-0000-0000-000000000000' as OrganizationId;

/** What the first entry of every chain follows. */
export const GENESIS_HASH = '0'.repeat(64);

export interface ChainEntry {
  readonly version: number;
  readonly organization_id: string;
  /** 1, 2, 3 … without gaps. Order is told by this, not by `at`: clocks go back. */
  readonly seq: number;
  /** UTC with microseconds, `2026-11-21T04:05:06.000007Z`. */
  readonly at: string;
  readonly actor: string;
  readonly action: string;
  readonly subject: string;
  readonly outcome: string;
  readonly request_id: string;
  /** JSON text, verbatim. */
  readonly details: string;
  /** Hexadecimal, lower case. */
  readonly previous_hash: string;
  readonly hash: string;
}

/** The place that a chain has reached. Kept elsewhere, it also proves that no end was cut off. */
export interface ChainHead {
  readonly seq: number;
  readonly hash: string;
}

const utf8 = new TextEncoder();

export function netstring(text: string): string {
  return `${utf8.encode(text).length}:${text},`;
}

/** The text whose SHA-256 is `entry.hash`. */
export function canonicalEntry(entry: Omit<ChainEntry, 'hash'>): string {
  return [
    String(entry.version),
    entry.organization_id,
    String(entry.seq),
    entry.at,
    entry.actor,
    entry.action,
    entry.subject,
    entry.outcome,
    entry.request_id,
    entry.details,
    entry.previous_hash,
  ]
    .map(netstring)
    .join('');
}

/** One record of a batch, as fields in an order that its kind fixes. */
export type BatchRecord = readonly string[];

/**
 * The text whose SHA-256 is the digest of a batch: what happens thousands of times a second has one
 * entry for many records. Each record is a netstring of the netstrings of its fields.
 */
export function canonicalBatch(records: readonly BatchRecord[]): string {
  return records.map((fields) => netstring(fields.map(netstring).join(''))).join('');
}
