import type { Child } from '../common/child.ts';

/** A gateway under test, running and ready. */
export interface Contender {
  readonly name: string;
  /** One a process; connections are spread over them. */
  readonly ports: readonly number[];
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly processes: readonly Child[];
  /** The postmaster whose work is this gateway's too, so that it can be told beside it. */
  readonly databasePid: number | null;
}
