import { readControls } from '../cache/read-controls.ts';
import { CLASSIFICATIONS, isClassification } from '../classification/classification.ts';
import { ENFORCED_FIELD, isParamList } from '../keys/enforced-params.ts';
import { isOnOutage, OUTAGE_FIELD } from '../keys/on-outage.ts';
import { mistaken } from './refuse-fields.ts';

/**
 * Metadata is whatever its author likes, but for what decides about calls. What cannot be read there is
 * taken as the strictest when a call comes; whoever writes it is told at once.
 */
export function checkMetadata(metadata: Readonly<Record<string, unknown>>): void {
  const { cache = null, data_classification: level = null } = metadata;
  const enforced = metadata[ENFORCED_FIELD] ?? [];
  if (!isParamList(enforced)) {
    throw mistaken(
      `metadata/${ENFORCED_FIELD}`,
      'must be names of parameters, as user or metadata.purpose',
    );
  }
  const onOutage = metadata[OUTAGE_FIELD] ?? null;
  if (onOutage !== null && !isOnOutage(onOutage)) {
    throw mistaken(`metadata/${OUTAGE_FIELD}`, 'must be open or closed');
  }
  if (cache !== null && typeof cache !== 'boolean') readControls(cache);
  if (level !== null && !isClassification(level)) {
    throw mistaken('metadata/data_classification', `must be one of ${CLASSIFICATIONS.join(', ')}`);
  }
}
