import type { Redact } from './credentials/redact.ts';

/** One line a happening on stderr; nothing that a run said or was given ever reaches it. */
export interface WorkerLog {
  note(text: string): void;
  warn(text: string): void;
}

export function processLog(name: string): WorkerLog {
  const write = (text: string): void => {
    process.stderr.write(`${new Date().toISOString()} worker ${name}: ${text}\n`);
  };
  return { note: write, warn: (text) => write(`warning: ${text}`) };
}

/** A log that never says a secret, whoever hands it one. */
export function redactedLog(log: WorkerLog, redact: Redact): WorkerLog {
  return {
    note: (text) => log.note(redact(text)),
    warn: (text) => log.warn(redact(text)),
  };
}
