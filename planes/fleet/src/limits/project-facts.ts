import type { Subqueue } from '../matching/subqueue.ts';
import type { ProjectFacts as Facts } from './limits.sql.ts';

/** What this replica knows of projects' settings, as read last. */
export class ProjectFacts {
  #facts = new Map<string, Facts>();

  /** F5. What share of the workers a project has, beside the others' 1. */
  weightOf(projectId: string): number {
    return this.#facts.get(projectId)?.weight ?? 1;
  }

  /** Whether the end of a run may let another start that a cap held back. */
  isCapped(subqueue: Subqueue | undefined): boolean {
    if (subqueue === undefined) return false;
    return subqueue.key !== null || (this.#facts.get(subqueue.projectId)?.isCapped ?? false);
  }

  learn(facts: readonly Facts[]): void {
    this.#facts = new Map(facts.map((each) => [each.projectId, each]));
  }
}
