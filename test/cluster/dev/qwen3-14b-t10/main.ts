require('node:fs').copyFileSync(__dirname + '/x.yaml', process.env.CDK8S_OUTDIR + '/0.k8s.yaml');
