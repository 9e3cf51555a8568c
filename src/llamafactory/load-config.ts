import { type Finding, Severity } from '../run/finding';
import { before, DEFAULT_RELEASE, type Release, since } from '../run/releases';
import { type LoadedConfig, loadYaml } from './load';
import { isDict, loadJson, PyError } from './parser/python';

const SOURCE = 'src/llamafactory/hparams/parser.py, read_args';

/**
 * Reads a train config as the release does, which goes by the file's name: YAML, or JSON; anything else is no config
 * to it.
 */
export function loadConfig(text: string, release: Release, path: string): LoadedConfig {
  if (/\.ya?ml$/.test(path)) return loadYaml(text, release, path);
  if (!path.endsWith('.json')) return refused(loadYaml(text, release, path), nameless(path));
  if (before(release, '0.9.4')) return loadPlainJson(text, release, path);
  const loaded = loadYaml(text, release, path);
  return since(release, '0.9.5') ? refused(loaded, crashing(release, path)) : loaded;
}

/** 0.9.3 reads JSON as JSON: numbers as they are, of a key given twice the last. */
function loadPlainJson(text: string, release: Release, path: string): LoadedConfig {
  // As newer releases read it. Outside of its strings, which can't hold any, JSON takes tabs.
  const asYaml = loadYaml(text.replaceAll('\t', ' '), DEFAULT_RELEASE, path);
  try {
    const args = loadJson(text);
    if (!isDict(args)) return asYaml;
    const findings = asYaml.findings.filter(({ id }) => id === 'yaml-interpolation');
    return { ...asYaml, root: 'mapping', loads: findings.length === 0, args, findings };
  } catch (error) {
    if (!(error instanceof PyError)) throw error;
    return refused(asYaml, {
      ...at(path),
      id: 'json-syntax',
      message: `LLaMA-Factory ${release} reads a file of this name as JSON, and it is none`,
      change: 'give it a name that ends in .yaml, or mend it',
    });
  }
}

function refused(loaded: LoadedConfig, finding: Finding): LoadedConfig {
  return { ...loaded, loads: false, findings: [finding, ...loaded.findings] };
}

function crashing(release: Release, path: string): Finding {
  return {
    ...at(path),
    id: 'json-config',
    message: `LLaMA-Factory ${release} crashes on every config in a .json file: it hands json.load the name, not the file`,
    change: 'give it a name that ends in .yaml: JSON is YAML, too',
  };
}

function nameless(path: string): Finding {
  return {
    ...at(path),
    id: 'config-name',
    message: 'LLaMA-Factory takes a file for a config only if its name ends in .yaml, .yml or .json',
    change: 'give it a name that ends in .yaml',
  };
}

function at(path: string): Pick<Finding, 'severity' | 'path' | 'key' | 'source'> {
  return { severity: Severity.ERROR, path, key: '', source: SOURCE };
}
