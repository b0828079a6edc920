import { Fault } from '@sagewai/fault';
import type { Executor } from '@sagewai/postgres';
import type { OrganizationId, RunId } from '@sagewai/wire';

import { demandSize } from '../runs/encode-content.ts';
import type { ContentKeys } from './content-keys.ts';
import { decryptContent, formatContent, looksEncrypted, parseContent } from './content.ts';

const GONE = 'it cannot be read: its key is gone';

interface Readable {
  readonly runId: RunId;
  readonly payload?: unknown;
  readonly output?: unknown;
  readonly error?: string | null;
}

/** The rows of one organization as their readers see them. Rows in clear are as they were. */
export async function openContents<Row extends Readable>(
  keys: ContentKeys,
  { orgId, tx }: { readonly orgId: OrganizationId; readonly tx?: Executor },
  rows: readonly Row[],
): Promise<readonly Row[]> {
  const ids = rows.flatMap(({ payload, output, error }) => keyIdsOf([payload, output, error]));
  if (ids.length === 0) return rows;
  await keys.hold(orgId, ids, tx);
  return rows.map((row) => {
    const { runId, payload, output, error } = row;
    const open = (value: unknown): unknown => {
      if (typeof value !== 'string' || parseContent(value) === null) return value;
      const text = keys.decrypt(runId, value);
      return text === null ? null : (JSON.parse(text) as unknown);
    };
    const seen = {
      ...row,
      ...(payload === undefined ? {} : { payload: open(payload) }),
      ...(output === undefined ? {} : { output: open(output) }),
    };
    if (typeof error !== 'string' || parseContent(error) === null) return seen;
    return { ...seen, error: keys.decrypt(runId, error) ?? GONE };
  });
}

function keyIdsOf(values: readonly unknown[]): string[] {
  return values.flatMap((value) =>
    typeof value === 'string' ? (parseContent(value)?.keyId ?? []) : [],
  );
}

/** What of a lease its worker gets encrypted, with the key that opens it (E3). */
export interface LeaseContent {
  /** A Fernet token. */
  readonly payload: string;
  readonly content_key?: { readonly id: string; readonly key: string };
}

/** Has the keys of these payloads (JSON texts) ready; in clear, it asks nobody. */
export async function holdForLeases(
  keys: ContentKeys,
  orgId: OrganizationId,
  payloads: readonly string[],
): Promise<void> {
  const ids = payloads.flatMap((payload) => parseStored(payload)?.keyId ?? []);
  if (ids.length > 0) await keys.hold(orgId, ids);
}

/** Null: the payload is in clear. */
export function leaseContent(
  keys: ContentKeys,
  runId: RunId,
  payload: string,
): LeaseContent | null {
  const content = parseStored(payload);
  if (content === null) return null;
  const own = keys.runKey(runId, content.keyId);
  const key = own === null ? {} : { content_key: { id: content.keyId, key: own.text } };
  return { payload: content.token, ...key };
}

const parseStored = (payload: string) =>
  payload.startsWith('"enc1.') ? parseContent(JSON.parse(payload) as string) : null;

export interface ReportedContent {
  /** JSON text. */
  readonly output: string | null;
  readonly error: string | null;
}

interface ContentReporter {
  readonly runId: RunId;
  readonly orgId: OrganizationId;
}

/** What a worker reports without a key, as it is stored: in clear only where nothing is encrypted (E1). */
export async function sealReported(
  keys: ContentKeys,
  { runId, orgId }: ContentReporter,
  { output, error }: ReportedContent,
): Promise<ReportedContent> {
  if (output === null && error === null) return { output, error };
  const isForged =
    output?.startsWith('"enc1.') === true || (error !== null && looksEncrypted(error));
  if (isForged) throw refused('looks like an encrypted one, and names no key'); // E4
  if (!(await keys.encrypts(orgId))) return { output, error };
  const projectId = await keys.projectOf(orgId, runId);
  // The lease is of no run that exists: the report is about to be refused, and is not stored.
  const sealer = projectId === null ? null : await keys.sealer(orgId, projectId);
  if (sealer === null) return { output: null, error: null };
  return {
    output: output === null ? null : JSON.stringify(sealer.encrypt(runId, output)),
    error: error === null ? null : sealer.encrypt(runId, error),
  };
}

/** What a worker reports under the key of its run: opened once, so that what is stored can be (E4). */
export async function checkReported(
  keys: ContentKeys,
  of: {
    readonly runId: RunId;
    readonly orgId: OrganizationId;
    readonly keyId: string;
    readonly bytesMax: number;
  },
  { output, error }: { readonly output: unknown; readonly error: string | null },
): Promise<ReportedContent> {
  const { runId, orgId, keyId, bytesMax } = of;
  await keys.hold(orgId, [keyId]);
  const own = keys.runKey(runId, keyId);
  if (own === null) throw refused('is under a key that is not known');
  const check = (token: unknown, isJson: boolean): string | null => {
    if (token === null || token === undefined) return null;
    const text = typeof token === 'string' ? decryptContent(own.key, token, keys.now()) : null;
    if (text === null) throw refused('does not open under the key of its run');
    demandSize(Buffer.byteLength(text), 'output', bytesMax);
    if (isJson && !isJsonText(text)) throw refused('is no JSON');
    return formatContent({ keyId, token: token as string });
  };
  const stored = check(output, true);
  return { output: stored === null ? null : JSON.stringify(stored), error: check(error, false) };
}

function isJsonText(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

const refused = (why: string): Fault =>
  new Fault('request.invalid', `a reported content ${why}`, {
    detail: `The output or error of the report ${why}.`,
  });
