import type { WorkerLog } from './log.ts';

/** Says once that the server does not answer, and once that it is back, whoever noticed. */
export interface Reachability {
  missed(detail: string): void;
  answered(): void;
}

export function createReachability(log: WorkerLog): Reachability {
  let isAway = false;
  return {
    missed: (detail) => {
      if (!isAway) log.note(`${detail}; trying again`);
      isAway = true;
    },
    answered: () => {
      if (isAway) log.note('the server answers again');
      isAway = false;
    },
  };
}
