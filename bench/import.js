// What importing the package costs over importing cdk8s.
require('cdk8s');
if (process.argv[2] === 'ours') require('..');
