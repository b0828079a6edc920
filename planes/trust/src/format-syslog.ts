/** The log in the format of RFC 5424, and how it is framed on a stream (RFC 6587, 5425). */
import { type AuditFormat, type ChainEntry, formatEntry } from '@sagewai/wire';

const FACILITY_LOG_AUDIT = 13;
const INFORMATIONAL = 6;
const WARNING = 4;
const MSGID_LENGTH_MAX = 32;
const SEQUENCE_MAX = 2 ** 31 - 1;

export function formatSyslog(entry: ChainEntry, format: AuditFormat): Buffer {
  const severity = entry.outcome === 'ok' ? INFORMATIONAL : WARNING;
  const priority = FACILITY_LOG_AUDIT * 8 + severity;
  const action = entry.action.replaceAll(/[^\x21-\x7e]/g, '_').slice(0, MSGID_LENGTH_MAX) || '-';
  // Begins again at 1 where the RFC has no more numbers.
  const sequence = ((entry.seq - 1) % SEQUENCE_MAX) + 1;
  const header = `<${priority}>1 ${entry.at} - sagewai - ${action} [meta sequenceId="${sequence}"]`;
  return Buffer.from(`${header} ${formatEntry(entry, format)}`);
}

/** Octet counting: what a message says cannot end it. */
export const frameSyslog = (message: Buffer): Buffer =>
  Buffer.concat([Buffer.from(`${message.length} `), message]);
