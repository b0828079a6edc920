import { createStore } from '../store.ts';

/** A name for filters of a page, as they stand in its address. */
export interface View {
  readonly name: string;
  readonly path: string;
  /** Such as `state=failed`. */
  readonly search: Readonly<Record<string, string>>;
}

const STORED = 'sagewai-views';
const VIEWS_MAX = 100;

function kept(): readonly View[] {
  try {
    const read: unknown = JSON.parse(localStorage.getItem(STORED) ?? '[]');
    return Array.isArray(read) ? read.filter(isView) : [];
  } catch {
    return [];
  }
}

function isView(value: unknown): value is View {
  if (typeof value !== 'object' || value === null) return false;
  const { name, path, search } = value as Record<string, unknown>;
  return (
    typeof name === 'string' &&
    typeof path === 'string' &&
    typeof search === 'object' &&
    search !== null &&
    Object.values(search).every((each) => typeof each === 'string')
  );
}

/** Of this browser: names and filters, nothing of the server's. */
export const views = createStore<readonly View[]>(kept());

function keep(all: readonly View[]): void {
  localStorage.setItem(STORED, JSON.stringify(all));
  views.set(all);
}

const isSame = (one: View, { name, path }: Pick<View, 'name' | 'path'>): boolean =>
  one.name === name && one.path === path;

/** One of the same name on the same page is replaced. */
export function saveView(view: View): void {
  keep([...views.get().filter((one) => !isSame(one, view)), view].slice(-VIEWS_MAX));
}

export function removeView(view: Pick<View, 'name' | 'path'>): void {
  keep(views.get().filter((one) => !isSame(one, view)));
}
