/**
 * One connection of the owner for whole tables: COPY in both directions, in constant memory. For backups
 * and restores; what serves requests goes through `connect`.
 */
import { once } from 'node:events';
import type { Duplex } from 'node:stream';

import pg from 'pg';

import type { Executor } from './database.ts';
import type { Statement } from './statement.ts';

export interface Session extends Executor {
  /** Text that was made of the catalog's own names, quoted by PostgreSQL; never of input. */
  command(text: string): Promise<void>;
  /** The rows of `copy … to stdout` as they come, each with its end of line. */
  copyOut(text: string): AsyncIterable<Buffer>;
  /** Feeds `copy … from stdin`; fails, and the transaction with it, when the rows do. */
  copyIn(text: string, rows: AsyncIterable<Buffer>): Promise<void>;
  close(): Promise<void>;
}

/** What of the driver's connection a query of its own kind uses. */
interface Wire {
  readonly stream: Duplex;
  query(text: string): void;
  sendCopyFromChunk(chunk: Buffer): void;
  endCopyFrom(): void;
  sendCopyFail(why: string): void;
}

const WAITING_BYTES_MAX = 1 << 20;

export async function openSession(url: string): Promise<Session> {
  const client = new pg.Client({ connectionString: url, application_name: 'sagewai-backup' });
  let lost: Error | null = null;
  client.on('error', (error) => {
    lost = error;
  });
  await client.connect();
  // As long as it takes, and the same text of every value wherever it runs.
  for (const setting of [
    'statement_timeout = 0',
    'idle_in_transaction_session_timeout = 0',
    "timezone = 'UTC'",
    "datestyle = 'ISO, YMD'",
    "intervalstyle = 'postgres'",
    "bytea_output = 'hex'",
    'extra_float_digits = 1',
  ]) {
    await client.query(`set ${setting}`);
  }
  return {
    run: async <Row>(statement: Statement<Row>) => {
      const { text, values } = statement.compile();
      const { rows, rowCount } = await client.query({ text, values: values as unknown[] });
      return { rows: rows as Row[], rowCount: rowCount ?? 0 };
    },
    command: async (text) => {
      await client.query(text);
    },
    copyOut: (text) => {
      if (lost !== null) throw lost;
      const copy = new CopyOut(text);
      client.query(copy as unknown as pg.Submittable);
      return copy;
    },
    copyIn: (text, rows) => {
      if (lost !== null) throw lost;
      const copy = new CopyIn(text, rows);
      client.query(copy as unknown as pg.Submittable);
      return copy.done;
    },
    close: () => client.end(),
  };
}

/** What the driver tells a query; most of it does not concern a copy. */
class Copy {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }

  submit(wire: Wire): void {
    wire.query(this.text);
  }

  handleRowDescription(): void {}
  handleDataRow(): void {}
  handleCommandComplete(): void {}
  handlePortalSuspended(): void {}
  handleEmptyQuery(): void {}
}

class CopyOut extends Copy {
  readonly #rows: Buffer[] = [];
  #bytes = 0;
  #wire: Wire | null = null;
  #ended = false;
  #error: Error | null = null;
  #wake: (() => void) | null = null;

  handleCopyData({ chunk }: { readonly chunk: Buffer }, wire: Wire): void {
    // The driver reads the next packet into the same memory.
    this.#rows.push(Buffer.from(chunk));
    this.#bytes += chunk.length;
    this.#wire = wire;
    if (this.#bytes > WAITING_BYTES_MAX) wire.stream.pause();
    this.#wake?.();
  }

  handleError(error: Error): void {
    this.#error = error;
    this.#wake?.();
  }

  handleReadyForQuery(): void {
    this.#ended = true;
    this.#wake?.();
  }

  async *[Symbol.asyncIterator](): AsyncIterator<Buffer> {
    for (;;) {
      const rows = this.#rows.splice(0);
      this.#bytes = 0;
      this.#wire?.stream.resume();
      yield* rows;
      if (this.#error !== null) throw this.#error;
      if (this.#ended && this.#rows.length === 0) return;
      if (this.#rows.length > 0) continue;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      this.#wake = null;
    }
  }
}

class CopyIn extends Copy {
  readonly done: Promise<void>;
  readonly #rows: AsyncIterable<Buffer>;
  readonly #settle: { resolve: () => void; reject: (error: Error) => void };
  #failed: Error | null = null;

  constructor(text: string, rows: AsyncIterable<Buffer>) {
    super(text);
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.done = promise;
    this.#settle = { resolve, reject };
    this.#rows = rows;
  }

  handleCopyInResponse(wire: Wire): void {
    this.#feed(wire).catch((error: unknown) => {
      this.#failed ??= error instanceof Error ? error : new Error(String(error));
      wire.sendCopyFail('the rows could not be read');
    });
  }

  async #feed(wire: Wire): Promise<void> {
    for await (const chunk of this.#rows) {
      if (this.#failed !== null) return;
      wire.sendCopyFromChunk(chunk);
      if (wire.stream.writableNeedDrain) await once(wire.stream, 'drain');
    }
    wire.endCopyFrom();
  }

  handleError(error: Error): void {
    this.#failed ??= error;
    this.#settle.reject(this.#failed);
  }

  handleReadyForQuery(): void {
    if (this.#failed === null) this.#settle.resolve();
    else this.#settle.reject(this.#failed);
  }
}
