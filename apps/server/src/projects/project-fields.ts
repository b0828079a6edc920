import { field } from '@sagewai/config';

/** The deletion of projects. */
export const projectFields = {
  PROJECT_DELETION_GRACE: field.duration({
    default: 7 * 86_400_000,
    min: 0,
    description:
      'How long the deletion of a project can be taken back; it is out of reach meanwhile',
  }),
  PROJECT_DELETION_RETRY: field.duration({
    default: 10_000,
    min: 100,
    description: 'How soon a deletion that waits for runs or calls to end looks again',
  }),
  PROJECT_DELETION_BATCH: field.integer({
    default: 500,
    min: 1,
    max: 10_000,
    description: 'Rows, and runs, that one transaction of a deletion deletes',
  }),
} as const;
