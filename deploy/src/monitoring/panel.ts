/** One graph or number of a dashboard. */
export interface Panel {
  readonly title: string;
  readonly unit: string;
  readonly queries: readonly (readonly [expr: string, legend: string])[];
  readonly kind?: 'timeseries' | 'stat';
}

export interface Dashboard {
  readonly uid: string;
  readonly title: string;
  readonly panels: readonly Panel[];
}

const WIDTH = 24;
const SIZE = { timeseries: { w: 12, h: 8 }, stat: { w: 6, h: 4 } } as const;
const DATA_SOURCE = { type: 'prometheus', uid: 'prometheus' } as const;

/** What Grafana reads: panels side by side, from left to right. */
export function grafanaJson({ uid, title, panels }: Dashboard): object {
  let x = 0;
  let y = 0;
  let rowHeight = 0;
  const laid = panels.map((panel, index) => {
    const kind = panel.kind ?? 'timeseries';
    const { w, h } = SIZE[kind];
    if (x + w > WIDTH) {
      x = 0;
      y += rowHeight;
      rowHeight = 0;
    }
    const gridPos = { x, y, w, h };
    x += w;
    rowHeight = Math.max(rowHeight, h);
    return {
      id: index + 1,
      title: panel.title,
      type: kind,
      datasource: DATA_SOURCE,
      gridPos,
      fieldConfig: { defaults: { unit: panel.unit }, overrides: [] },
      targets: panel.queries.map(([expr, legendFormat], at) => ({
        refId: String.fromCharCode(65 + at),
        datasource: DATA_SOURCE,
        expr,
        legendFormat,
      })),
    };
  });
  return {
    uid,
    title,
    tags: ['sagewai'],
    schemaVersion: 41,
    editable: true,
    refresh: '30s',
    time: { from: 'now-6h', to: 'now' },
    timezone: 'browser',
    panels: laid,
  };
}
