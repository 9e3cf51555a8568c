import { type Finding, Severity } from '../run/finding';

/** What an API server takes as ConfigMap data: 1 MiB. Source: MaxSecretSize in kubernetes/api core/v1/types.go. */
export const CONFIG_MAP_BYTES = 1024 * 1024;

/**
 * Above this, plain `kubectl apply` fails: it stores the object in an annotation, and annotations end at 256 KiB.
 * Source: TotalAnnotationSizeLimitB in kubernetes/apimachinery pkg/api/validation/objectmeta.go.
 */
export const CLIENT_SIDE_APPLY_BYTES = 262_144;

/** Findings about a ConfigMap's size. */
export function configMapFindings(path: string, name: string, data: Readonly<Record<string, string>>): Finding[] {
  const bytes = Object.entries(data).reduce((sum, [key, text]) => sum + byteLength(key) + byteLength(text), 0);
  const what = `the ConfigMap ${name} (${Object.keys(data).join(', ')})`;
  if (bytes > CONFIG_MAP_BYTES) {
    return [
      {
        id: 'config-map-too-large',
        severity: Severity.ERROR,
        path,
        key: Object.keys(data)[0] ?? name,
        message: `${what} is larger than the API server takes`,
        got: `${bytes} bytes`,
        allowed: `${CONFIG_MAP_BYTES} bytes`,
        change:
          'put the file on a PersistentVolumeClaim (DatasetVolume.fromClaim), a hub or a web server (DatasetVolume.fromSource), or split it into a folder of shards below 1 MiB each (DatasetVolume.fromDirectory)',
        source: 'kubernetes/api core/v1/types.go, MaxSecretSize',
      },
    ];
  }
  // The annotation holds the object as JSON, in which no byte grows to more than six.
  if (bytes * 6 < CLIENT_SIDE_APPLY_BYTES - 1024) return [];
  const applied = byteLength(JSON.stringify(data)) + 1024;
  if (applied > CLIENT_SIDE_APPLY_BYTES) {
    return [
      {
        id: 'config-map-needs-server-side-apply',
        severity: Severity.WARNING,
        path,
        key: Object.keys(data)[0] ?? name,
        message: `${what} is too large for plain kubectl apply, which copies an object into an annotation`,
        got: `about ${applied} bytes`,
        allowed: `${CLIENT_SIDE_APPLY_BYTES} bytes`,
        change: 'apply with: kubectl apply --server-side -f dist/',
        source: 'kubernetes/apimachinery pkg/api/validation/objectmeta.go, TotalAnnotationSizeLimitB',
      },
    ];
  }
  return [];
}

function byteLength(text: string): number {
  return Buffer.byteLength(text, 'utf8');
}
