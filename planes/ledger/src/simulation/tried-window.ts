import type { Period } from '../budget.ts';

const SECOND_MS = 1_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;
/** B1. A minute slides over so many slots of a second. */
const SLOTS = 61;

/** B1. When the window opened that an instant is in; of a minute, the second of its newest slot. */
export function windowOf(period: Period, at: number): number {
  const day = Math.floor(at / DAY_MS) * DAY_MS;
  switch (period) {
    case 'minute':
      return Math.floor(at / SECOND_MS) * SECOND_MS;
    case 'hour':
      return Math.floor(at / HOUR_MS) * HOUR_MS;
    case 'day':
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

/** What a window holds at the instant to which it was moved. */
export interface TriedWindow {
  readonly used: () => bigint;
  readonly moveTo: (at: number) => void;
  /** B3. Nothing, where the window that admitted it is over. */
  readonly add: (admittedAt: number, amount: bigint) => void;
}

export function triedWindow(period: Period, used: bigint, from: number): TriedWindow {
  return period === 'minute' ? slidingWindow() : fixedWindow(period, used, from);
}

function fixedWindow(period: Period, before: bigint, from: number): TriedWindow {
  let opened = windowOf(period, from);
  let used = before;
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

function slidingWindow(): TriedWindow {
  const slots = new Map<number, bigint>(); // in the order of their seconds, as calls are added in it
  let used = 0n;
  let oldest = Number.NEGATIVE_INFINITY;
  return {
    used: () => used,
    moveTo: (at) => {
      oldest = windowOf('minute', at) - (SLOTS - 1) * SECOND_MS;
      for (const [second, amount] of slots) {
        if (second >= oldest) break;
        used -= amount;
        slots.delete(second);
      }
    },
    add: (admittedAt, amount) => {
      const second = windowOf('minute', admittedAt);
      if (second < oldest) return;
      slots.set(second, (slots.get(second) ?? 0n) + amount);
      used += amount;
    },
  };
}
