import pg from 'pg';

export interface ListenOptions {
  /** A direct connection: a transaction-mode pooler loses notifications silently. */
  readonly url: string;
  readonly channel: string;
  readonly onMessage: (payload: string) => void;
  /** Called after every (re)connection: messages may have been missed, so look at everything again. */
  readonly onReconnect: () => void;
  readonly onError?: (error: Error) => void;
  readonly retryDelayMsMax?: number;
  /** How often the connection is tried; one that does not answer for as long is replaced. */
  readonly pingEveryMs?: number;
}

export interface Listener {
  /** Whether what is said is heard, as far as is known. */
  isHearing(): boolean;
  close(): Promise<void>;
}

const RETRY_DELAY_MS_MIN = 50;
const RETRY_DELAY_MS_MAX = 2_000;
const PING_EVERY_MS = 10_000;

/**
 * One connection that listens on one channel for as long as the process lives. A broken connection is
 * replaced with growing delays. A message is a hint: whoever listens must also look by itself.
 */
export function listen(options: ListenOptions): Listener {
  let closed = false;
  let client: pg.Client | undefined;
  let retry: NodeJS.Timeout | undefined;
  let delayMs = RETRY_DELAY_MS_MIN;
  let hearing = false;
  let ping: NodeJS.Timeout | undefined;
  const pingEveryMs = options.pingEveryMs ?? PING_EVERY_MS;

  const open = async (): Promise<void> => {
    const next = new pg.Client({
      connectionString: options.url,
      application_name: `sagewai-listen-${options.channel}`,
      keepAlive: true,
      connectionTimeoutMillis: pingEveryMs,
      query_timeout: pingEveryMs,
    });
    client = next;
    let lost = false;
    const lose = (error?: Error): void => {
      if (lost) return;
      lost = true;
      hearing = false;
      clearInterval(ping);
      if (error && !closed) options.onError?.(error);
      discard(next);
      if (closed) return;
      retry = setTimeout(() => void open(), delayMs);
      delayMs = Math.min(delayMs * 2, options.retryDelayMsMax ?? RETRY_DELAY_MS_MAX);
    };
    next.on('error', lose);
    next.on('end', () => lose());
    next.on('notification', (message) => options.onMessage(message.payload ?? ''));
    try {
      await next.connect();
      await next.query(`listen ${pg.escapeIdentifier(options.channel)}`);
      delayMs = RETRY_DELAY_MS_MIN;
      hearing = !lost && !closed;
      // A connection that is half-open says nothing of it: neither news nor its end.
      if (hearing) ping = setInterval(() => void next.query('select 1').catch(lose), pingEveryMs);
      options.onReconnect();
    } catch (error) {
      lose(error as Error);
    }
  };
  void open();

  return {
    isHearing: () => hearing,
    close: async () => {
      closed = true;
      hearing = false;
      clearInterval(ping);
      clearTimeout(retry);
      await client?.end().catch(() => undefined);
    },
  };
}

/** Whoever does not answer a ping does not answer a farewell either. */
function discard(client: pg.Client): void {
  client.end().catch(() => undefined);
  client.connection.stream.destroy();
}
