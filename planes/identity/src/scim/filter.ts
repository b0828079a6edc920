/** A filter of SCIM (RFC 7644, 3.4.2.2), parsed. */
export type Filter =
  | { readonly kind: 'and' | 'or'; readonly left: Filter; readonly right: Filter }
  | { readonly kind: 'not'; readonly filter: Filter }
  | { readonly kind: 'present'; readonly path: AttributePath }
  | {
      readonly kind: 'compare';
      readonly path: AttributePath;
      readonly operator: CompareOperator;
      readonly value: CompareValue;
    }
  /** One value of a multi-valued attribute meets all of it: `emails[type eq "work"]`. */
  | { readonly kind: 'some'; readonly path: AttributePath; readonly filter: Filter };

export const COMPARE_OPERATORS = ['eq', 'ne', 'co', 'sw', 'ew', 'gt', 'ge', 'lt', 'le'] as const;
export type CompareOperator = (typeof COMPARE_OPERATORS)[number];
export type CompareValue = string | number | boolean | null;

/** Names are compared without regard to case; they stand here as they were sent. */
export interface AttributePath {
  /** Null: the resource's own. */
  readonly schema: string | null;
  readonly name: string;
  readonly sub: string | null;
}

/** Why something sent by a client of SCIM is refused: one of the standard's own words (RFC 7644, 3.12). */
export type ScimErrorType =
  | 'invalidFilter'
  | 'invalidPath'
  | 'invalidSyntax'
  | 'invalidValue'
  | 'mutability'
  | 'noTarget'
  | 'tooMany'
  | 'uniqueness';

export interface Refused {
  readonly kind: 'refused';
  readonly type: ScimErrorType;
  /** For the caller. */
  readonly detail: string;
}

export const refused = (type: ScimErrorType, detail: string): Refused => ({
  kind: 'refused',
  type,
  detail,
});
