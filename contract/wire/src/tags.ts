import { Type } from 'typebox';

/** PostgreSQL keeps no U+0000 in text. */
export const PRINTABLE_PATTERN = '^[^\\u0000]*$';
/** Pools and models are also labels of metrics: no control characters, no surrounding blanks. */
export const TAG_PATTERN = '^(?! )[^\\u0000-\\u001f\\u007f]+(?<! )$';
const LABEL_NAME_PATTERN = '^[^\\u0000-\\u001f\\u007f]{1,100}$';

export const pool = Type.String({ minLength: 1, maxLength: 100, pattern: TAG_PATTERN });
export const model = Type.String({ minLength: 1, maxLength: 200, pattern: TAG_PATTERN });
/** Of a worker's code. */
export const version = Type.String({ minLength: 1, maxLength: 100, pattern: TAG_PATTERN });
export const labelName = Type.String({ pattern: LABEL_NAME_PATTERN });
export const labelValue = Type.String({ maxLength: 200, pattern: PRINTABLE_PATTERN });
export const labels = Type.Record(Type.String({ pattern: LABEL_NAME_PATTERN }), labelValue, {
  maxProperties: 32,
  additionalProperties: false,
});
