const { RELEASE_TABLE: known } = jest.requireActual('../../src/run/release-table');

/** The table as it will be: two releases that nobody has looked at yet, the newest without an image so far. */
export const RELEASE_TABLE = {
  ...known,
  '0.9.6': { transformers: '5.7.0', image: { deepspeed: '0.19.0', flashAttention: '2.8.3', cudaToolkit: true } },
  '0.9.7': { transformers: '5.8.0', image: undefined },
};
