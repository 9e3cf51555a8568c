// What waits for minutes: packages packed and installed, hubs that never end.
module.exports = {
  ...require('../../package.json').jest,
  rootDir: '../..',
  testMatch: ['<rootDir>/test/package/*.test.ts', '<rootDir>/test/runtime/hostile-hub.test.ts'],
  testPathIgnorePatterns: ['/node_modules/'],
};
