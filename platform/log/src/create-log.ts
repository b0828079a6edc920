import { type DestinationStream, type Logger, pino, stdTimeFunctions } from 'pino';

import { formatText } from './format-text.ts';
import type { Log, LogFields, LogLevel } from './log.ts';
import { redactFields, redactText } from './redact.ts';
import { serializeError } from './serialize-error.ts';

const STDERR = 2;

export interface LogOptions {
  readonly level: LogLevel;
  /** The process: `server`, `worker`. */
  readonly name: string;
  /** Takes whole lines; standard error when left out, because standard output is for results. */
  readonly destination?: { write(line: string): void };
  /** `text` is for a terminal. JSON when left out. */
  readonly format?: 'json' | 'text';
}

/** Lines are written at once, so that the last ones before a crash are there. */
export function createLog({ level, name, destination, format = 'json' }: LogOptions): Log {
  const target = destination ?? pino.destination({ fd: STDERR, sync: true });
  const stream: DestinationStream =
    format === 'json' ? target : { write: (line) => target.write(formatText(line)) };
  return wrap(
    pino(
      {
        level,
        base: { name, pid: process.pid },
        messageKey: 'message',
        timestamp: stdTimeFunctions.isoTime,
        formatters: { level: (label) => ({ level: label }) },
        serializers: {},
      },
      stream,
    ),
  );
}

function wrap(logger: Logger): Log {
  const write =
    (level: 'debug' | 'info' | 'warn' | 'error') =>
    (message: string, fields: LogFields = {}): void => {
      if (logger.isLevelEnabled(level))
        logger[level](redactFields(fields, serializeError), redactText(message));
    };
  return {
    debug: write('debug'),
    info: write('info'),
    warn: write('warn'),
    error: write('error'),
    child: (fields) => wrap(logger.child(redactFields(fields, serializeError))),
  };
}
