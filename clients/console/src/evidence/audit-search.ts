/** The filters of the audit log, as they stand in its address. */
export interface AuditSearch {
  readonly action?: string;
  readonly outcome?: string;
}

export function readAuditSearch(search: Record<string, unknown>): AuditSearch {
  const text = (name: string): string | undefined => {
    const value = search[name];
    return typeof value === 'string' && value !== '' ? value.slice(0, 300) : undefined;
  };
  const [action, outcome] = [text('action'), text('outcome')];
  return {
    ...(action === undefined ? {} : { action }),
    ...(outcome === undefined ? {} : { outcome }),
  };
}
