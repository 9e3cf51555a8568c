module.exports = {
  ...require('../../package.json').jest,
  rootDir: '../..',
  testMatch: ['<rootDir>/test/cluster/*.test.ts'],
  testPathIgnorePatterns: ['/node_modules/'],
  globalSetup: '<rootDir>/test/cluster/setup.ts',
  globalTeardown: '<rootDir>/test/cluster/teardown.ts',
  testTimeout: 180_000,
  // One control plane, whose nodes each file cordons.
  maxWorkers: 1,
};
