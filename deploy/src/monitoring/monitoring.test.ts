import { spawnSync } from 'node:child_process';
import { existsSync, globSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';

import { describe, expect, test } from 'vitest';
import { parse, stringify } from 'yaml';

import { DEPLOY } from '../rendered.ts';
import { type Rule, ruleGroups, runbookOf } from './alerts.ts';
import { DASHBOARDS } from './dashboards.ts';
import { generatedFiles } from './generated-files.ts';
import { grafanaJson } from './panel.ts';

const rules: readonly Rule[] = ruleGroups().flatMap((group) => group.rules);
const alerts = rules.filter(({ alert }) => alert !== undefined);
const queries = DASHBOARDS.flatMap(({ panels }) => panels.flatMap((panel) => panel.queries));
const runbooks = join(DEPLOY, '../docs/deploy/runbooks');
const read = (path: string): string => readFileSync(join(DEPLOY, path), 'utf8');

/** As docs/metrics.md has them, which a test compares with what a server declares; the edge's are in its source. */
const table = readFileSync(join(DEPLOY, '../docs/metrics.md'), 'utf8');
const declared = new Map(
  [...table.matchAll(/^\| `(sagewai_\w+)`\s*\| (\w+)\s*\| ([^|]*)\|/gm)].map(
    ([, name = '', kind = '', labels = '']) => [
      name,
      { kind, labels: [...labels.matchAll(/`(\w+)`/g)].map(([, label = '']) => label) },
    ],
  ),
);
const records = new Set(rules.flatMap(({ record }) => record ?? []));
/** What Prometheus adds. */
const ADDED = ['job', 'instance', 'exported_job', 'le', 'slo', 'window'];

/** What an expression names that nobody tells. */
function findUnknown(expr: string): string[] {
  const metrics = [...expr.matchAll(/\b(sagewai[\w:]+)(\{[^}]*\})?/g)];
  return metrics.flatMap(([, name = '', matchers = '']) => {
    if (records.has(name)) return [];
    const base = name.replace(/_(?:bucket|count|sum)$/, '');
    const metric = declared.get(name) ?? declared.get(base);
    if (metric === undefined) return [name];
    const isPart = name !== base && !declared.has(name);
    if (isPart !== (metric.kind === 'histogram')) return [`${name} is a ${metric.kind}`];
    const used = [...matchers.matchAll(/(\w+)\s*(?:=~|!~|!=|=)\s*"/g)].map(
      ([, label = '']) => label,
    );
    const grouped = [...expr.matchAll(/by \(([^)]*)\)/g)].flatMap(([, by = '']) => by.split(', '));
    return [...used, ...(metrics.length === 1 ? grouped : [])]
      .filter((label) => !ADDED.includes(label) && !metric.labels.includes(label))
      .map((label) => `${name} has no label ${label}`);
  });
}

test('the table of metrics is seen', () => {
  expect(declared.size).toBeGreaterThan(60);
  expect(declared.get('sagewai_pending_runs')).toEqual({
    kind: 'gauge',
    labels: ['pool', 'model'],
  });
});

test('a metric, a label and a kind that there is not are seen', () => {
  expect(findUnknown('sum(sagewai_pending_run)')).toEqual(['sagewai_pending_run']);
  expect(findUnknown('sum by (worker) (sagewai_pending_runs{pol="a"})')).toEqual([
    'sagewai_pending_runs has no label pol',
    'sagewai_pending_runs has no label worker',
  ]);
  expect(findUnknown('rate(sagewai_run_duration[5m])')).toHaveLength(1);
});

test('every rule and every panel asks for metrics that a server tells, by labels that they have', () => {
  const exprs = [...rules.map(({ expr }) => expr), ...queries.map(([expr]) => expr)];
  expect(exprs.length).toBeGreaterThan(90);
  expect(exprs.flatMap(findUnknown)).toEqual([]);
});

test('what autoscalers ask for is told, by the server or by the edge', () => {
  const text = read('helm/sagewai/files/prometheus-adapter.yaml');
  const edge = globSync('apps/edge/src/*.ts', { cwd: join(DEPLOY, '..') })
    .map((file) => readFileSync(join(DEPLOY, '..', file), 'utf8'))
    .join('');
  const names = [...text.matchAll(/__name__="(sagewai_\w+?)(?:_bucket)?"/g)].map(
    ([, name = '']) => name,
  );
  expect(names.length).toBeGreaterThan(4);
  expect(names.filter((name) => !declared.has(name) && !edge.includes(`'${name}'`))).toEqual([]);
});

describe('alerts', () => {
  test.each(alerts.map(({ alert = '', annotations }) => [alert, annotations] as const))(
    '%s has a runbook, and says what it means',
    (alert, annotations) => {
      const page = join(runbooks, `${runbookOf(alert)}.md`);
      expect(annotations?.['runbook_url']).toMatch(
        new RegExp(`/runbooks/${runbookOf(alert)}\\.md$`),
      );
      expect(existsSync(page)).toBe(true);
      const text = readFileSync(page, 'utf8');
      expect(text.split('\n')[0]).toBe(`# ${alert}`);
      expect(text).toContain('\n## Look\n');
      expect(text).toContain('\n## Mend\n');
      expect(annotations?.['summary']).toMatch(/\.$/);
    },
  );

  test('every runbook belongs to an alert, and its links lead somewhere', () => {
    const pages = globSync('*.md', { cwd: runbooks });
    const named = new Set(alerts.map(({ alert = '' }) => `${runbookOf(alert)}.md`));
    expect(pages.filter((page) => !named.has(basename(page)))).toEqual([]);
    const broken = pages.flatMap((page) =>
      [...readFileSync(join(runbooks, page), 'utf8').matchAll(/\]\(([^)#:]+)/g)]
        .map(([, link = '']) => link)
        .filter((link) => !existsSync(join(runbooks, link)))
        .map((link) => `${page}: ${link}`),
    );
    expect(broken).toEqual([]);
  });
});

describe('what is generated', () => {
  test.each([...generatedFiles()])(
    '%s is as the code writes it (npm run deploy:generate)',
    (file, text) => {
      expect(read(file)).toBe(text);
    },
  );

  test('panels of a dashboard do not lie on each other', () => {
    for (const dashboard of DASHBOARDS) {
      const { panels } = grafanaJson(dashboard) as {
        panels: { gridPos: { x: number; y: number; w: number; h: number } }[];
      };
      const cells = panels.flatMap(({ gridPos: { x, y, w, h } }) =>
        Array.from({ length: w * h }, (_, at) => `${x + (at % w)},${y + Math.floor(at / w)}`),
      );
      expect(new Set(cells).size).toBe(cells.length);
    }
  });

  test('Grafana finds its data and its dashboards at the first start', () => {
    const at = (path: string): unknown => parse(read(`monitoring/grafana/provisioning/${path}`));
    const sources = at('datasources/prometheus.yaml') as {
      datasources: { uid: string; type: string }[];
    };
    expect(sources.datasources).toMatchObject([{ uid: 'prometheus', type: 'prometheus' }]);
    const providers = at('dashboards/sagewai.yaml') as {
      providers: { options: { path: string } }[];
    };
    expect(providers.providers[0]?.options.path).toBe('/var/lib/grafana/dashboards');
    expect(read('monitoring/grafana/dashboards/sagewai-slo.json')).toContain('"uid": "prometheus"');
    const { scrape_configs: jobs } = parse(read('monitoring/prometheus.yml')) as {
      scrape_configs: { job_name: string; dns_sd_configs: unknown }[];
    };
    expect(jobs.map(({ job_name: job }) => job)).toEqual(['sagewai-server', 'sagewai-edge']);
    // What the edge has at the gateway's port is the gateway's: each would be counted twice.
    const edge = parse(read('compose/compose.edge.yaml')) as {
      services: { edge: { environment: Record<string, unknown> } };
    };
    expect(jobs[1]?.dns_sd_configs).toMatchObject([
      { port: edge.services.edge.environment['SAGE_EDGE_METRICS_PORT'] },
    ]);
  });
});

const hasPromtool = spawnSync('promtool', ['--version']).status === 0;
const isRequired = process.env['REQUIRE_ALL'] === '1';
if (!hasPromtool && !isRequired) {
  console.warn(
    'left out: rules are not run, for there is no promtool (apt-get install prometheus)',
  );
}

describe.skipIf(!hasPromtool && !isRequired)('promtool', () => {
  const promtool = (...words: string[]): { status: number | null; said: string } => {
    const { status, stdout, stderr } = spawnSync('promtool', words, { encoding: 'utf8' });
    return { status, said: `${stdout}${stderr}` };
  };

  test('the rules are rules, and fire as their tests say', () => {
    const checked = promtool('check', 'rules', join(DEPLOY, 'monitoring/alerts.yml'));
    expect(checked.said).toContain(`${rules.length} rules found`);
    const tested = promtool('test', 'rules', join(DEPLOY, 'monitoring/alerts.test.yml'));
    expect(tested).toMatchObject({ status: 0 });
  });

  test('every query of a dashboard can be parsed', () => {
    const folder = mkdtempSync(join(tmpdir(), 'queries-'));
    const file = join(folder, 'queries.yml');
    const all = queries.map(([expr], at) => ({
      record: `query:${at}`,
      expr: expr.replaceAll('$__rate_interval', '5m'),
    }));
    writeFileSync(file, stringify({ groups: [{ name: 'queries', rules: all }] }, { lineWidth: 0 }));
    expect(promtool('check', 'rules', file)).toMatchObject({ status: 0 });
  });

  test('the configuration of the compose stack is one', () => {
    const file = join(DEPLOY, 'monitoring/prometheus.yml');
    expect(promtool('check', 'config', '--syntax-only', file)).toMatchObject({ status: 0 });
  });
});
