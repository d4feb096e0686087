import { defineConfig } from 'vitest/config';

// Nest's constructor injection needs decorator metadata; oxc (vite's transformer) emits it.
const oxc = { decorator: { legacy: true, emitDecoratorMetadata: true } } as const;

/** unit: pure and fast. integration: real etcd and the development API server. e2e: real kube-apiserver too. ui: a browser. */
const suites = {
  unit: { include: ['test/unit/**/*.test.ts', 'test/property/**/*.test.ts'], testTimeout: 10_000 },
  integration: {
    include: ['test/integration/**/*.test.ts', 'test/golden/**/*.test.ts'],
    testTimeout: 60_000,
  },
  e2e: { include: ['test/e2e/**/*.test.ts'], testTimeout: 120_000 },
  ui: { include: ['test/ui/**/*.test.ts'], testTimeout: 90_000 },
  chart: { include: ['test/chart/**/*.test.ts'], testTimeout: 60_000 },
} as const;

export default defineConfig({
  test: {
    maxWorkers: 2,
    projects: Object.entries(suites).map(([name, suite]) => ({
      oxc,
      test: {
        name,
        include: [...suite.include],
        testTimeout: suite.testTimeout,
        hookTimeout: 120_000,
        pool: 'forks' as const,
      },
    })),
  },
});
