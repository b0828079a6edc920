import { countSlips } from '@sagewai/config';
import { canonicalModel } from '@sagewai/wire';

import type { ModelGroup } from './model-table.ts';

const SHOWN_MAX = 3;
/** Differences that still look like a slip, as a part of the name. */
const SLIPS_PART = 0.34;
const PART_MIN = 3;

/** The names that were most likely meant, nearest first: spelt alike, or longer or shorter. */
export function nearestModels(name: string, groups: readonly ModelGroup[]): string[] {
  const wanted = canonicalModel(name);
  if (wanted === '') return [];
  return groups
    .map(({ model, canonical }) => ({ model, slips: distance(wanted, canonical) }))
    .filter(({ slips }) => slips <= wanted.length * SLIPS_PART)
    .toSorted((one, other) => one.slips - other.slips)
    .slice(0, SHOWN_MAX)
    .map(({ model }) => model);
}

/** A name within another is near, whatever follows it: versions and dates do. A letter or two are in any. */
function distance(wanted: string, known: string): number {
  const slips = countSlips(wanted, known);
  if (Math.min(wanted.length, known.length) < PART_MIN) return slips;
  return known.includes(wanted) || wanted.includes(known) ? Math.min(slips, 1) : slips;
}
