import { stringify } from 'yaml';

import { ruleGroups } from './alerts.ts';
import { DASHBOARDS } from './dashboards.ts';
import { grafanaJson } from './panel.ts';

const HEAD =
  '# Written by `npm run deploy:generate` from deploy/src/monitoring. Change that, not this.\n';

/** Every file that is written from code, by its path below `deploy/`. */
export function generatedFiles(): ReadonlyMap<string, string> {
  const rules = HEAD + stringify({ groups: ruleGroups() }, { lineWidth: 0 });
  return new Map([
    ['monitoring/alerts.yml', rules],
    ['helm/sagewai/files/alerts.yml', rules],
    ...DASHBOARDS.map((dashboard): [string, string] => [
      `monitoring/grafana/dashboards/${dashboard.uid}.json`,
      `${JSON.stringify(grafanaJson(dashboard), null, 2)}\n`,
    ]),
  ]);
}
