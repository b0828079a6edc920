export declare function isCommonPassword(text: string): boolean;
/** The filter of these texts, with 24 bits for each. */
export declare function makeFilter(texts: readonly string[]): Buffer;
