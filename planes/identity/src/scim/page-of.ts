/** More than a page that is asked for is answered in pages of this many. */
export const RESOURCES_MAX = 200;

export interface ScimPage {
  /** From 1. */
  readonly startIndex: number;
  readonly count: number;
}

/** RFC 7644, 3.4.2.4: below one is one, and a count below zero is none. */
export function pageOf(asked: { readonly startIndex?: number; readonly count?: number }): ScimPage {
  return {
    startIndex: Math.max(1, Math.trunc(asked.startIndex ?? 1)),
    count: Math.min(RESOURCES_MAX, Math.max(0, Math.trunc(asked.count ?? 100))),
  };
}
