const STATUSES = ['ok', 'error', 'aborted', 'expired'] as const;

/** The filters of the request log, as they stand in its address. */
export interface RequestSearch {
  readonly model?: string;
  readonly agent?: string;
  readonly status?: (typeof STATUSES)[number];
}

export { STATUSES as REQUEST_STATUSES };

export function readRequestSearch(search: Record<string, unknown>): RequestSearch {
  const text = (name: string): string | undefined => {
    const value = search[name];
    return typeof value === 'string' && value !== '' ? value.slice(0, 300) : undefined;
  };
  const [model, agent] = [text('model'), text('agent')];
  const status = STATUSES.find((each) => each === search['status']);
  return {
    ...(model === undefined ? {} : { model }),
    ...(agent === undefined ? {} : { agent }),
    ...(status === undefined ? {} : { status }),
  };
}
