import { freshNamespaces, kubectl, unfinished } from './cluster';
import { readManifests } from './manifest';
test('x', async () => {
  const m = readManifests(__dirname + '/dev/qwen3-14b-k3s').map((x) => x);
  for (let i = 0; i < 3; i++) {
    const a = Date.now();
    freshNamespaces(['ml']);
    const b = Date.now();
    kubectl(['apply', '-f', '-'], m);
    if (i < 2) await unfinished(['ml'], 30);
    console.log(b - a, Date.now() - b);
  }
});
