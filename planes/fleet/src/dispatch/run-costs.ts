/** Where a run ran. */
interface RanIn {
  readonly projectId: string;
  readonly requirement: { readonly pool: string };
}

/**
 * What a run of a project is expected to cost: the seconds for which it keeps a worker, as those that ended
 * lately did. So a project that runs for minutes gets fewer starts than one that runs for seconds (F5).
 */
export class RunCosts {
  readonly #seconds = new Map<string, number>();
  #overall = SECONDS_UNKNOWN;

  observe(of: RanIn | undefined, seconds: number): void {
    if (of === undefined) return;
    const took = Math.max(SECONDS_MIN, seconds);
    const key = `${of.projectId} ${of.requirement.pool}`;
    const before = this.#seconds.get(key);
    this.#seconds.set(key, before === undefined ? took : move(before, took));
    this.#overall = move(this.#overall, took);
  }

  /** Of a project of which nothing has ended yet: as of the others. */
  expected(project: string, pool: string): number {
    return this.#seconds.get(`${project} ${pool}`) ?? this.#overall;
  }
}

const SECONDS_UNKNOWN = 1;
/** Below it, a claim costs more than the run. */
const SECONDS_MIN = 0.001;
/** The last ten runs are two thirds of what is expected. */
const NEWEST_SHARE = 0.1;

const move = (before: number, took: number): number => before + NEWEST_SHARE * (took - before);
