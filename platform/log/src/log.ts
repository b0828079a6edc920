export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent';

export type LogFields = Readonly<Record<string, unknown>>;

/**
 * What happened, for operators. The message is a constant sentence; what varies goes into fields,
 * where secrets are hidden by their names and types. An error belongs in a field too (`{ error }`):
 * its causes are printed with it. Never one line per request where requests are many.
 */
export interface Log {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
  /** A log whose lines all carry these fields. */
  child(fields: LogFields): Log;
}

const nothing = (): void => {};

/** For tests, and for libraries used without a log. */
export const silentLog: Log = {
  debug: nothing,
  info: nothing,
  warn: nothing,
  error: nothing,
  child: () => silentLog,
};
