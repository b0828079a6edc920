import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { expect } from 'vitest';
import { parse, stringify } from 'yaml';

import { ask, askWell } from '../harness/api.ts';
import { cluster, test } from '../harness/e2e-test.ts';
import { freePort } from '../harness/free-port.ts';
import { chat, install, makeKey } from '../harness/installation.ts';
import { startProcess } from '../harness/process.ts';
import type { Stage } from '../harness/stage.ts';
import { waitUntil } from '../harness/wait-until.ts';

const MONITORING = join(import.meta.dirname, '../../../deploy/monitoring');
const DASHBOARDS = join(MONITORING, 'grafana/dashboards');
const MODEL = { name: 'scripted', inputPrice: 0.000_001, outputPrice: 0.000_002 };
/** What all of them tell once a server has answered a single call. */
const ALWAYS_TOLD = [/sagewai_http_requests/, /sagewai_model_calls/, /sagewai_database_statements/];

interface Rule {
  readonly name: string;
  readonly health: string;
  readonly lastError?: string;
  readonly state: string;
}

const hasPrometheus = spawnSync('prometheus', ['--version']).status === 0;

test('Prometheus itself takes our files: it finds a server, runs every rule and every query of a dashboard, and misses a server that is gone', async ({
  stage,
}) => {
  if (!hasPrometheus) {
    if (process.env['REQUIRE_ALL'] === '1') throw new Error('prometheus is missing');
    console.log('there is no prometheus: not tried (apt-get install prometheus)');
    return;
  }
  const { server } = await install(stage, cluster(), {
    models: [MODEL],
    environment: { METRICS_PUBLIC: 'true' },
  });
  const { key } = await makeKey(server);
  expect((await chat(server.url, key, { model: MODEL.name })).status).toBe(200);

  const prometheus = await startPrometheus(stage, new URL(server.url).host);
  const alertOf = async (name: string): Promise<Rule | undefined> =>
    (await rulesOf(prometheus)).find((rule) => rule.name === name);
  await waitUntil(async () => (await prometheus.value('up{job="sagewai-server"}')) === 1, {
    otherwise: 'the server is never scraped',
  });
  const rules = await waitUntil(
    async () => {
      const all = await rulesOf(prometheus);
      return all.every(({ health }) => health !== 'unknown') && all;
    },
    { otherwise: 'the rules are never run' },
  );
  expect(rules.length).toBeGreaterThan(30);
  expect(rules.filter(({ health }) => health !== 'ok')).toEqual([]);
  expect(await alertOf('ServerDown')).toMatchObject({ state: 'inactive' });

  const queries = queriesOfDashboards();
  expect(queries.length).toBeGreaterThan(30);
  await waitUntil(
    async () => {
      const told: string[] = [];
      // Throws where one cannot be answered.
      for (const query of queries) if ((await prometheus.count(query)) > 0) told.push(query);
      return ALWAYS_TOLD.every((pattern) => told.some((query) => pattern.test(query)));
    },
    { otherwise: 'dashboards stay empty' },
  );

  await server.stop();
  await waitUntil(async () => (await alertOf('ServerDown'))?.state === 'pending', {
    otherwise: 'nobody misses the server',
  });
});

interface Prometheus {
  readonly url: string;
  /** Of its first series; null: it has none. */
  value(query: string): Promise<number | null>;
  count(query: string): Promise<number>;
}

/** As in the compose stack, but for addresses, and for how often it looks. */
async function startPrometheus(stage: Stage, server: string): Promise<Prometheus> {
  const text = readFileSync(join(MONITORING, 'prometheus.yml'), 'utf8');
  const { alerting: _alerting, ...config } = parse(text) as {
    alerting: unknown;
    scrape_configs: { job_name: string }[];
  };
  const file = join(stage.folder, 'prometheus.yml');
  const { groups } = parse(readFileSync(join(MONITORING, 'alerts.yml'), 'utf8')) as {
    groups: { interval?: string }[];
  };
  const rules = { groups: groups.map(({ interval: _interval, ...group }) => group) };
  await writeFile(join(stage.folder, 'alerts.yml'), stringify(rules));
  const ours = {
    ...config,
    global: { scrape_interval: '1s', evaluation_interval: '1s' },
    rule_files: [join(stage.folder, 'alerts.yml')],
    scrape_configs: config.scrape_configs.map(({ job_name: job }) => ({
      job_name: job,
      static_configs: [{ targets: job === 'sagewai-server' ? [server] : [] }],
    })),
  };
  await writeFile(file, stringify(ours));
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  startProcess(stage, {
    name: 'prometheus',
    command: 'prometheus',
    words: [
      `--config.file=${file}`,
      `--storage.tsdb.path=${join(stage.folder, 'prometheus')}`,
      `--web.listen-address=127.0.0.1:${port}`,
    ],
    environment: { PATH: process.env['PATH'] ?? '' },
    channel: false,
  });
  const evaluate = async (query: string): Promise<{ value: [number, string] }[]> => {
    const at = `${url}/api/v1/query?query=${encodeURIComponent(query)}`;
    return (await askWell(at)).data.result;
  };
  const isReady = (): Promise<boolean> =>
    ask(`${url}/-/ready`).then(
      ({ status }) => status === 200,
      () => false,
    );
  await waitUntil(isReady, { otherwise: 'Prometheus is never ready' });
  return {
    url,
    value: async (query) => {
      const [first] = await evaluate(query);
      return first === undefined ? null : Number(first.value[1]);
    },
    count: async (query) => (await evaluate(query)).length,
  };
}

async function rulesOf({ url }: Prometheus): Promise<Rule[]> {
  const { data } = await askWell(`${url}/api/v1/rules`);
  return (data.groups as { rules: Rule[] }[]).flatMap(({ rules }) => rules);
}

function queriesOfDashboards(): string[] {
  return readdirSync(DASHBOARDS).flatMap((name) => {
    const { panels } = JSON.parse(readFileSync(join(DASHBOARDS, name), 'utf8')) as {
      panels: { targets: { expr: string }[] }[];
    };
    return panels
      .flatMap(({ targets }) => targets)
      .map(({ expr }) => expr.replaceAll('$__rate_interval', '1m'));
  });
}
