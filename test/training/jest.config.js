module.exports = {
  ...require('../../package.json').jest,
  rootDir: '../..',
  testMatch: ['<rootDir>/test/training/*.test.ts'],
  testPathIgnorePatterns: ['/node_modules/'],
  globalSetup: '<rootDir>/test/training/setup.ts',
  testTimeout: 600_000,
};
