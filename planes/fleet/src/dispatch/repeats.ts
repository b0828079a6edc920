import { GroupCommit } from '../group-commit.ts';
import type { PollDemand } from './queue.sql.ts';
import { toDemand } from './share-out.ts';
import type { WaitingPoll } from './waiting-poll.ts';

export interface RepeatsOptions {
  readonly find: (polls: readonly PollDemand[]) => Promise<readonly boolean[]>;
  /** Polls that can wait are looked at together, no more often than this. */
  readonly everyMs: number;
  readonly monotonicMs: () => number;
}

const POLLS_MAX = 500;

/**
 * F6. Finds the polls that repeat one which was given runs: a worker that lost the answer asks again. Where
 * nothing happens this is all that polls ask the database, so it is asked for all of them together, now
 * and then: a statement does not cost more the more workers wait.
 */
export class Repeats {
  readonly #looks: GroupCommit<WaitingPoll, boolean>;

  constructor({ find, everyMs, monotonicMs }: RepeatsOptions) {
    const isAsked = ({ isOver, isAway, wasAsked }: WaitingPoll): boolean =>
      !isOver && !isAway && !wasAsked;
    this.#looks = new GroupCommit({
      commit: async (polls) => {
        const asked = polls.filter(isAsked);
        const given = asked.length === 0 ? [] : await find(asked.map(toDemand));
        const found = new Set(asked.filter((_, at) => given[at] === true));
        return polls.map((poll) => found.has(poll));
      },
      weightMax: POLLS_MAX,
      lanes: 1,
      pace: { everyMs, monotonicMs, isUrgent: ({ request }) => request.waitMs < everyMs },
    });
  }

  /** Whether the poll was given runs before, if no claim has asked for it meanwhile. */
  look(poll: WaitingPoll): boolean | Promise<boolean> {
    // Without a name it repeats none.
    return poll.request.pollId === null ? false : this.#looks.add(poll);
  }
}
