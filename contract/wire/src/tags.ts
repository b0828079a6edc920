import { Type } from 'typebox';

/** PostgreSQL keeps no U+0000 in text. */
export const PRINTABLE_PATTERN = '^[^\\u0000]*$';
/**
 * Pools and models are also labels of metrics: no control characters, no surrounding blanks. What is
 * compared has no half of a pair (a lone surrogate) either: no database keeps one as it is.
 */
export const TAG_PATTERN = '^(?! )[^\\u0000-\\u001f\\u007f\\ud800-\\udfff]+(?<! )$';
const LABEL_NAME_PATTERN = '^[^\\u0000-\\u001f\\u007f\\ud800-\\udfff]{1,100}$';
const LABEL_VALUE_PATTERN = '^[^\\u0000\\ud800-\\udfff]*$';

export const pool = Type.String({ minLength: 1, maxLength: 100, pattern: TAG_PATTERN });
export const model = Type.String({ minLength: 1, maxLength: 200, pattern: TAG_PATTERN });
/** Of a worker's code. */
export const version = Type.String({ minLength: 1, maxLength: 100, pattern: TAG_PATTERN });
export const labelName = Type.String({ pattern: LABEL_NAME_PATTERN });
export const labelValue = Type.String({ maxLength: 200, pattern: LABEL_VALUE_PATTERN });
export const labels = Type.Record(Type.String({ pattern: LABEL_NAME_PATTERN }), labelValue, {
  maxProperties: 32,
  additionalProperties: false,
});
