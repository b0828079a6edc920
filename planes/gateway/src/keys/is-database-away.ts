import { nameFault } from '@sagewai/http';

/** Whether a look-up failed since nobody answered it; a refusal is an answer. */
export const isDatabaseAway = (error: unknown): boolean =>
  nameFault(error).code === 'service.unavailable';
