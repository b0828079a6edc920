import type { Target } from './target.ts';

export interface WatchOptions {
  readonly everyMs: number;
  readonly backoffMs: number;
  /** Told when it becomes ready, or no longer is. */
  readonly onChange: (why: string | null) => void;
}

export interface Watch {
  readonly isReady: boolean;
  readonly detail: string | null;
  /** Looks at once: somebody could not reach it. */
  doubt(): void;
  stop(): void;
}

/**
 * Asks a target whether it is ready: soon and then ever less often while it is not, at its interval while it is.
 * Until it was asked for the first time it is not.
 */
export function watch(target: Pick<Target, 'probe'>, options: WatchOptions): Watch {
  const { everyMs, backoffMs, onChange } = options;
  let detail: string | null = 'not asked yet';
  let waitMs = backoffMs;
  let timer: NodeJS.Timeout | undefined;
  let isAsking = false;
  let isStopped = false;

  const look = async (): Promise<void> => {
    clearTimeout(timer);
    if (isAsking || isStopped) return;
    isAsking = true;
    const found = await target.probe();
    isAsking = false;
    if (isStopped) return;
    if (found !== detail) {
      detail = found;
      onChange(found);
    }
    const nextMs = found === null ? everyMs : waitMs;
    waitMs = found === null ? backoffMs : Math.min(waitMs * 2, everyMs);
    timer = setTimeout(() => void look(), nextMs);
    timer.unref();
  };
  void look();
  return {
    get isReady() {
      return detail === null;
    },
    get detail() {
      return detail;
    },
    doubt: () => {
      if (detail === null) void look();
    },
    stop: () => {
      isStopped = true;
      clearTimeout(timer);
    },
  };
}
