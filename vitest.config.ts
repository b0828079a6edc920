import { defineConfig } from 'vitest/config';

/**
 * Tests never spend money and never touch what the shell happens to point at: what would name a
 * provider, a server, a database or a home of the user is gone before any worker starts.
 */
const OF_THE_USER =
  /^(?:SAGEWAI_|OPENAI_|ANTHROPIC_|OLLAMA_|LITELLM_|AZURE_|GEMINI_|WORKER_|SAGE_EDGE_|PG[A-Z]+$)|_API_KEY$|^(?:MIGRATION_)?DATABASE_URL$|^(?:REDIS_URL|JWT_SECRET|FLEET_GATEWAY_URL|ENROLLMENT_KEY|WRT_TOKEN|HEARTBEAT_INTERVAL|METRICS_PUBLIC)$/;
for (const name of Object.keys(process.env)) {
  if (OF_THE_USER.test(name)) delete process.env[name];
}

const sources = '{contract,platform,planes,apps,clients,examples}/*/src/**';
const roots = '{db,e2e,bench,deploy}/src/**';
const CI_SEED = 20_261_127;
const { TEST_POSTGRES_BIN_DIR, TEST_REDIS, TEST_HISTORIES_MINUTES, TEST_SEED, TEST_DATA_DIR, CI } =
  process.env;
const redisMode = (['none', 'with', 'lost'] as const).find(
  (mode) => mode === (TEST_REDIS ?? 'none'),
);
if (redisMode === undefined) throw new Error('TEST_REDIS: none, with or lost');
const provide = {
  testDataDir: TEST_DATA_DIR ?? null,
  postgresBinDir: TEST_POSTGRES_BIN_DIR ?? '',
  redisMode,
  historiesMinutes: Number(TEST_HISTORIES_MINUTES ?? 0),
  historiesSeed: TEST_SEED ? Number(TEST_SEED) : CI ? CI_SEED : null,
};
const globalSetup = ['platform/testing/src/global-setup.ts'];
/** Generous: a test that hangs is told apart from a machine that is busy. */
const UNIT_MS_MAX = 30_000;
/**
 * Files of a process share modules: to read them, and to compile the schemas of every endpoint, once a file was a third of
 * the time. Modules here keep no state, and what a test changes of its process it puts back (docs/adr/0114).
 */
const shared = { isolate: false, unstubEnvs: true, restoreMocks: true } as const;

export default defineConfig({
  test: {
    // Two cores; a test process and the PostgreSQL that it waits for share one.
    maxWorkers: 2,
    projects: [
      {
        test: {
          name: 'unit',
          ...shared,
          include: [`${sources}/*.test.ts`, `${roots}/*.test.ts`],
          exclude: ['**/*.pg.test.ts', '**/*.e2e.test.ts', '**/node_modules/**'],
          testTimeout: UNIT_MS_MAX,
        },
      },
      { test: { name: 'tools', include: ['tools/**/*.test.ts'], testTimeout: UNIT_MS_MAX } },
      {
        test: {
          name: 'pg',
          ...shared,
          include: [`${sources}/*.pg.test.ts`, `${roots}/*.pg.test.ts`],
          globalSetup,
          provide,
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          name: 'e2e',
          include: ['e2e/**/*.e2e.test.ts'],
          exclude: ['**/node_modules/**'],
          globalSetup,
          setupFiles: ['e2e/src/harness/redis-setup-test.ts'],
          provide,
          testTimeout: 180_000,
          hookTimeout: 120_000,
          // Each starts several processes: two files at once would measure each other.
          fileParallelism: false,
        },
      },
    ],
  },
});
