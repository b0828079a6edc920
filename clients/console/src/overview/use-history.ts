import { useRef } from 'react';

const KEPT_MAX = 60;

/** The last values of a number that is asked for again and again, for a line beside it. */
export function useHistory(value: number | undefined, askedAt: number): readonly number[] {
  const kept = useRef<{ at: number; values: readonly number[] }>({ at: 0, values: [] });
  if (value !== undefined && askedAt !== kept.current.at) {
    kept.current = { at: askedAt, values: [...kept.current.values, value].slice(-KEPT_MAX) };
  }
  return kept.current.values;
}
