// Mutation testing of the pure parts: plain functions on plain data. Each area is judged by its own tests alone, which
// is stricter than by all of them, and makes it end: a mutant of a widely used file would else run hundreds of tests.
// One area a call: `MUTATION_AREA=rules npm run mutation`.
const AREAS = {
  llamafactory: { mutate: ['src/llamafactory/**/*.ts'], tests: ['test/llamafactory/*.test.ts'] },
  kubernetes: {
    mutate: ['src/kubernetes/*.ts', 'src/deepspeed/*.ts'],
    tests: ['test/{kubernetes,deepspeed}/*.test.ts'],
  },
  planning: { mutate: ['src/planning/*.ts'], tests: ['test/planning/*.test.ts'] },
  rules: { mutate: ['src/rules/*.ts'], tests: ['test/rules/*.test.ts'] },
  cli: { mutate: ['src/cli/{cards,difference,edits,model-shape}.ts'], tests: ['test/cli/*.test.ts'] },
  private: {
    mutate: [
      'src/private/{check-run,digest,prop-problems,quantity,runtime-file}.ts',
      'src/{code,finding,finding-text,gpu,node-pool,qwen-model,run-identity,source,trainer-image}.ts',
    ],
    tests: ['test/private/*.test.ts', 'test/*.test.ts'],
  },
};

const area = process.env.MUTATION_AREA ?? 'llamafactory';

export default {
  mutate: AREAS[area].mutate,
  testRunner: 'jest',
  jest: {
    // What Stryker finds through imports would also pull in other areas' tests.
    enableFindRelatedTests: false,
    config: {
      testMatch: AREAS[area].tests.map((tests) => `<rootDir>/${tests}`),
    },
  },
  // A mutant that only runs while a file loads costs the area's whole suite; tables are checked against their sources.
  ignoreStatic: true,
  disableTypeChecks: false,
  concurrency: 2,
  timeoutMS: 30000,
  reporters: ['clear-text', 'json', 'progress'],
  jsonReporter: { fileName: `reports/mutation/${area}.json` },
  thresholds: { high: 95, low: 90, break: 85 },
  ignorePatterns: ['dist', 'lib', 'reports', 'measurements', 'test/cluster/bin*', 'test/cluster/run*', '.*'],
  tempDirName: `.stryker-tmp/${area}`,
};
