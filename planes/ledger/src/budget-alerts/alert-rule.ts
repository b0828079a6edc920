/**
 * Whom to tell when spend reaches a part of a limit.
 *
 *   F6. A threshold is told once a window, whichever replica sees it first, in the transaction that notes
 *       it. Of several that are reached at once each is told. A window is a UTC day or calendar month.
 */
import type { PicoUsd, ProjectId } from '@sagewai/wire';

export interface AlertRule {
  readonly id: string;
  readonly name: string;
  /** Null: the organization. */
  readonly projectId: ProjectId | null;
  /** Null: all agents together. */
  readonly agent: string | null;
  readonly period: 'day' | 'month';
  /** Null: the soft limit that there is, else the hard one. */
  readonly limitPusd: PicoUsd | null;
  /** Percent. */
  readonly thresholds: readonly number[];
  /** Whether a pace that leads beyond the limit is told as well. */
  readonly onForecast: boolean;
  readonly receivers: readonly string[];
  readonly createdBy: string;
  readonly createdAt: Date;
}

export const THRESHOLDS: readonly number[] = [50, 80, 100];
