// The direction of the code: a folder may import what stands before it in this list, and nothing that stands after it.
const LAYERS = [
  'src/run/',
  'src/llamafactory/',
  'src/deepspeed/',
  'src/planning/',
  'src/judge/',
  'src/kubernetes/',
  'src/tree/',
  'src/job/',
  // What users import.
  'src/[^/]+$',
  'src/cli/',
];

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    {
      name: 'no-cycle',
      comment: 'Two files that need each other are one, or lack a third that both need; types count too.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    ...LAYERS.slice(0, -1).map((layer, i) => ({
      name: `${layer} looks back`,
      severity: 'error',
      from: { path: `^${layer}` },
      to: { path: LAYERS.slice(i + 1).map((later) => `^${later}`) },
    })),
    {
      name: 'no folder without a place',
      comment: 'A new folder gets its place in the list above.',
      severity: 'error',
      from: {},
      to: { path: '^src/', pathNot: LAYERS.map((layer) => `^${layer}`) },
    },
    {
      name: 'cdk8s only in constructs',
      comment: 'What a run is, what it takes and what is wrong with it is plain data.',
      severity: 'error',
      from: { path: '^src/(run|llamafactory|deepspeed|planning|judge)/' },
      to: { path: '(^|/)node_modules/(cdk8s|constructs)/' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.build.json' },
  },
};
