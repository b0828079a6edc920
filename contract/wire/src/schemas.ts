/** The small schemas that every plane's endpoints are made of. */
import { type TLiteral, type TSchema, Type, type TUnion } from 'typebox';

export const id = Type.String({ format: 'uuid' });
export const instant = Type.String({ format: 'date-time' });

export const orNull = <Schema extends TSchema>(
  schema: Schema,
): TUnion<[Schema, ReturnType<typeof Type.Null>]> => Type.Union([schema, Type.Null()]);

export const idOrNull = orNull(id);
export const instantOrNull = orNull(instant);
export const textOrNull = orNull(Type.String());

/** One of some words. */
export const oneOf = <const Words extends readonly string[]>(
  words: Words,
): TUnion<{ -readonly [Place in keyof Words]: TLiteral<Words[Place]> }> =>
  Type.Union(words.map((word) => Type.Literal(word))) as never;
