export interface JournalSettings {
  /** On a disk of this machine that outlives the process. Replicas of one machine may share it. */
  readonly directory: string;
  /** Half of a file. */
  readonly partBytes: number;
  /** Beyond so many that are answered and not booked, the database is waited for. */
  readonly backlogMax: number;
  /** Between the starts of two writes at least. What comes while one is under way is one write anyway. */
  readonly writeEveryMs: number;
  /** How long what is durable here waits for more of its kind before the database is told. */
  readonly gatherMs: number;
  /** So many do not wait for more. */
  readonly gatherCount: number;
  /** How often files of processes that are gone are looked for, and a new file is tried after a failure. */
  readonly lookEveryMs: number;
}

export const JOURNAL_DEFAULTS: Omit<JournalSettings, 'directory'> = {
  partBytes: 4_194_304,
  backlogMax: 4_096,
  writeEveryMs: 0,
  gatherMs: 20,
  gatherCount: 128,
  lookEveryMs: 5_000,
};
