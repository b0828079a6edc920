import { isSliding, type Period } from '../budget.ts';
import type { SpentBefore } from './past-call.ts';

const SECOND_MS = 1_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;
/** B1. What slides does so over so many slots, each as long as one window. */
const SLOTS = {
  minute: { count: 61, ms: SECOND_MS },
  '30_days': { count: 31, ms: DAY_MS },
} as const;

/** B1. When the window opened that an instant is in; of one that slides, its newest slot. */
export function windowOf(period: Period, at: number): number {
  const day = Math.floor(at / DAY_MS) * DAY_MS;
  switch (period) {
    case 'minute':
      return Math.floor(at / SECOND_MS) * SECOND_MS;
    case 'hour':
      return Math.floor(at / HOUR_MS) * HOUR_MS;
    case 'day':
    case '30_days':
      return day;
    case 'week':
      return day - new Date(day).getUTCDay() * DAY_MS;
    case 'month': {
      const date = new Date(day);
      return Date.UTC(date.getUTCFullYear(), date.getUTCMonth());
    }
    case 'total':
      return 0;
  }
}

/** The oldest instant of which a window holds something. */
export function oldestOf(period: Period, at: number): number {
  const opened = windowOf(period, at);
  return isSliding(period) ? opened - (SLOTS[period].count - 1) * SLOTS[period].ms : opened;
}

/** What a window holds at the instant to which it was moved. */
export interface TriedWindow {
  readonly used: () => bigint;
  readonly moveTo: (at: number) => void;
  /** B3. Nothing, where the window that admitted it is over. */
  readonly add: (admittedAt: number, amount: bigint) => void;
}

export function triedWindow(
  period: Period,
  before: readonly SpentBefore[],
  from: number,
): TriedWindow {
  const window = isSliding(period) ? slidingWindow(period) : fixedWindow(period, from);
  window.moveTo(from);
  for (const { at, amount } of before) window.add(at.getTime(), amount);
  return window;
}

function fixedWindow(period: Period, from: number): TriedWindow {
  let opened = windowOf(period, from);
  let used = 0n;
  return {
    used: () => used,
    moveTo: (at) => {
      const now = windowOf(period, at);
      if (now <= opened) return;
      opened = now;
      used = 0n;
    },
    add: (admittedAt, amount) => {
      if (admittedAt >= opened) used += amount;
    },
  };
}

function slidingWindow(period: keyof typeof SLOTS): TriedWindow {
  const slots = new Map<number, bigint>(); // in their order, as calls are added in it
  let used = 0n;
  let oldest = Number.NEGATIVE_INFINITY;
  return {
    used: () => used,
    moveTo: (at) => {
      oldest = oldestOf(period, at);
      for (const [slot, amount] of slots) {
        if (slot >= oldest) break;
        used -= amount;
        slots.delete(slot);
      }
    },
    add: (admittedAt, amount) => {
      const slot = windowOf(period, admittedAt);
      if (slot < oldest) return;
      slots.set(slot, (slots.get(slot) ?? 0n) + amount);
      used += amount;
    },
  };
}
