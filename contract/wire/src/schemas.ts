/** The small schemas that every plane's endpoints are made of. */
import { type TSchema, Type, type TUnion } from 'typebox';

export const id = Type.String({ format: 'uuid' });
export const instant = Type.String({ format: 'date-time' });

export const orNull = <Schema extends TSchema>(
  schema: Schema,
): TUnion<[Schema, ReturnType<typeof Type.Null>]> => Type.Union([schema, Type.Null()]);

export const idOrNull = orNull(id);
export const instantOrNull = orNull(instant);
export const textOrNull = orNull(Type.String());
