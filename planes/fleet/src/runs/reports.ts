import type { ReportAnswer } from '../dispatch/leases.sql.ts';
import { GroupCommit } from '../group-commit.ts';
import type { Report } from './run.ts';

export interface ReportsOptions {
  /** At most one report a run. */
  readonly store: (reports: readonly Report[]) => Promise<ReportAnswer[]>;
  readonly batchMax: number;
  readonly lanes: number;
  /** Told after the commit, of what has changed something. */
  readonly onReported: (report: Report, answer: ReportAnswer) => void;
}

/** Takes reports by group commit. Each is accepted or refused by itself. */
export class Reports {
  readonly #commits: GroupCommit<readonly Report[], ReportAnswer[]>;

  constructor({ store, batchMax, lanes, onReported }: ReportsOptions) {
    this.#commits = new GroupCommit({
      commit: async (batch) => {
        const reports = batch.flat();
        const answers = await store(reports);
        for (const [at, answer] of answers.entries()) {
          const report = reports[at];
          if (report !== undefined && answer.sq !== null) onReported(report, answer);
        }
        let start = 0;
        return batch.map((part) => answers.slice(start, (start += part.length)));
      },
      weightOf: (reports) => reports.length,
      weightMax: batchMax,
      lanes,
      // Two reports of one run are two transactions: the second finds what the first has done.
      keysOf: (reports) => reports.map(({ runId }) => runId),
    });
  }

  async report(reports: readonly Report[]): Promise<ReportAnswer[]> {
    const answers = new Map<Report, ReportAnswer>();
    for (const round of inRounds(reports)) {
      const given = await this.#commits.add(round);
      for (const [at, report] of round.entries()) answers.set(report, given[at] as ReportAnswer);
    }
    return reports.map((report) => answers.get(report) as ReportAnswer);
  }
}

/** Rounds in which each run comes once, in the order in which its reports came. */
export function inRounds(reports: readonly Report[]): Report[][] {
  const rounds: Report[][] = [];
  const seen = new Map<string, number>();
  for (const report of reports) {
    const round = seen.get(report.runId) ?? 0;
    seen.set(report.runId, round + 1);
    (rounds[round] ??= []).push(report);
  }
  return rounds;
}
