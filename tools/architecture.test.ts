import { globSync, readFileSync } from 'node:fs';

import { describe, expect, test } from 'vitest';

/** What each tier may depend on, besides itself. */
const MAY_USE: Record<string, readonly string[]> = {
  contract: [],
  platform: ['contract'],
  db: ['platform'],
  planes: ['platform', 'contract'],
  apps: ['planes', 'platform', 'contract', 'db'],
  clients: ['contract'],
  e2e: ['clients', 'platform', 'contract', 'db'],
  bench: ['clients', 'platform', 'contract'],
  // As a user of the product has it.
  examples: ['clients'],
};

/** The only edges between planes. A new one is a decision: add an ADR with it. */
const PLANE_USES: Record<string, readonly string[]> = {
  trust: [],
  identity: ['trust'],
  ledger: ['trust', 'identity'],
  fleet: ['ledger', 'trust', 'identity'],
  gateway: ['ledger', 'trust', 'identity'],
  action: ['fleet', 'trust', 'identity'],
  engines: [],
  intelligence: ['trust', 'identity'],
  decision: ['action', 'fleet', 'ledger', 'trust', 'identity'],
};

/** The only edges between apps and between clients; the launcher names every process of both. */
const APP_USES: Record<string, readonly string[]> = {
  up: ['server'],
  doctor: ['server'],
  backup: ['server'],
  edge: ['server'],
  launcher: ['server', 'edge', 'up', 'doctor', 'backup', 'worker', 'cli'],
};
const CLIENT_USES: Record<string, readonly string[]> = {
  worker: ['sdk'],
  cli: ['sdk', 'verify'],
  console: ['sdk', 'verify'],
};
/** Contracts depend on nothing of ours; these two platform packages stand on the migrations. */
const DB_USERS = ['testing', 'server', 'doctor', 'backup', 'e2e'];

interface Manifest {
  readonly name: string;
  readonly dependencies?: Record<string, string>;
}

interface Package {
  readonly name: string;
  readonly tier: string;
  readonly folder: string;
  readonly uses: readonly string[];
}

const packages: Package[] = globSync(
  '{{contract,platform,planes,apps,clients,examples}/*,db,e2e,bench,deploy}/package.json',
).map((path) => {
  const manifest = JSON.parse(readFileSync(path, 'utf8')) as Manifest;
  const parts = path.split('/');
  const tier = parts[0] ?? '';
  const folder = parts.length === 3 ? (parts[1] ?? '') : tier;
  return { name: manifest.name, tier, folder, uses: Object.keys(manifest.dependencies ?? {}) };
});

const edges = packages.flatMap((from) =>
  packages.filter((to) => from.uses.includes(to.name)).map((to) => ({ from, to })),
);

/** Why an edge may not exist, or null when it may. */
function objection(from: Package, to: Package): string | null {
  if (to.tier === 'db') {
    return DB_USERS.includes(from.folder) ? null : 'only processes and tests know the migrations';
  }
  if (from.tier === to.tier) {
    const lists = { planes: PLANE_USES, apps: APP_USES, clients: CLIENT_USES };
    const list = lists[from.tier as keyof typeof lists];
    if (!list) return from.tier === 'contract' ? 'contracts stand alone' : null;
    return list[from.folder]?.includes(to.folder) ? null : 'this edge is not on the written list';
  }
  if (from.folder === 'launcher') {
    return APP_USES['launcher']?.includes(to.folder) ? null : 'the launcher names processes only';
  }
  return MAY_USE[from.tier]?.includes(to.tier) ? null : `${from.tier} may not use ${to.tier}`;
}

describe('architecture', () => {
  test('the scan sees the repository', () => {
    expect(packages.length).toBeGreaterThan(25);
    expect(edges.length).toBeGreaterThan(60);
  });

  test('a planted violation is seen', () => {
    const find = (folder: string): Package => {
      const found = packages.find((one) => one.folder === folder);
      if (!found) throw new Error(`no package ${folder}`);
      return found;
    };
    expect(objection(find('postgres'), find('fleet'))).not.toBeNull();
    expect(objection(find('ledger'), find('gateway'))).not.toBeNull();
    expect(objection(find('worker'), find('fleet'))).not.toBeNull();
    expect(objection(find('server'), find('cli'))).not.toBeNull();
    expect(objection(find('wire'), find('fault'))).not.toBeNull();
  });

  test.each(edges)('$from.name may use $to.name', ({ from, to }) => {
    expect(objection(from, to)).toBeNull();
  });
});
