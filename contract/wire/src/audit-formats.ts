/** The log as other systems read it. One entry, one line. */
import type { ChainEntry } from './evidence.ts';

export const AUDIT_FORMATS = ['jsonl', 'cef'] as const;
export type AuditFormat = (typeof AUDIT_FORMATS)[number];

export function formatEntry(entry: ChainEntry, format: AuditFormat): string {
  return format === 'jsonl' ? JSON.stringify(entry) : toCef(entry);
}

const inHeader = (text: string): string =>
  text
    .replaceAll(/[\r\n]+/g, ' ')
    .replaceAll('\\', '\\\\')
    .replaceAll('|', '\\|');
const inExtension = (text: string): string =>
  text
    .replaceAll('\\', '\\\\')
    .replaceAll('=', '\\=')
    .replaceAll('\r', '\\r')
    .replaceAll('\n', '\\n');

/** From 0 to 10: a refusal is worth a look, an anomaly more. */
function severityOf({ action, outcome }: ChainEntry): number {
  if (action.startsWith('worker.anomaly') || action === 'worker.revoked') return 8;
  return outcome === 'ok' ? 3 : 6;
}

/** The Common Event Format, version 0. */
function toCef(entry: ChainEntry): string {
  const header = ['CEF:0', 'Sagewai', 'Sagewai', String(entry.version)].join('|');
  const name = [entry.action, entry.action, String(severityOf(entry))].map(inHeader).join('|');
  const fields: readonly (readonly [string, string])[] = [
    ['rt', String(Date.parse(entry.at))],
    ['externalId', String(entry.seq)],
    ['suser', entry.actor],
    ['act', entry.action],
    ['outcome', entry.outcome],
    ['cs1Label', 'subject'],
    ['cs1', entry.subject],
    ['cs2Label', 'organization'],
    ['cs2', entry.organization_id],
    ['cs3Label', 'request'],
    ['cs3', entry.request_id],
    ['cs4Label', 'hash'],
    ['cs4', entry.hash],
    ['msg', entry.details],
  ];
  const told = fields.filter(([, value]) => value !== '');
  return `${header}|${name}|${told.map(([key, value]) => `${key}=${inExtension(value)}`).join(' ')}`;
}
