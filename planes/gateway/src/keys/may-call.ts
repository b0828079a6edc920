import { allows, type ModelGroup } from '../models/model-table.ts';
import type { CallerDetail } from './virtual-key.ts';

/** Whether every list above a call has the model: that of the key, of its team and of its person. */
export function mayCall({ models, policy }: CallerDetail, group: ModelGroup): boolean {
  if (!allows(models, group)) return false;
  return policy === null || policy.models.every((names) => allows(names, group));
}
