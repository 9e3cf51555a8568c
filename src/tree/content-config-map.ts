import type { Construct } from 'constructs';
import { secretFindings } from '../judge/secrets';
import { configMapFindings } from '../kubernetes/config-map-size';
import { isRuntimeFile } from '../kubernetes/runtime-file';
import { digest } from '../run/digest';
import { constructName, constructPath } from './construct-name';
import { report, reportNamed } from './findings';
import { labelsOf } from './labels';
import { NamedObject } from './outside-patches';

/** A ConfigMap whose name follows from its content. */
export interface ContentConfigMap {
  readonly name: string;
  readonly keys: readonly string[];
}

/**
 * Makes an immutable ConfigMap called after the construct and its content: an edit makes a new object beside the old,
 * which running pods keep.
 * @param id the id of the child; `Resource` for the construct's main object
 * @param part what tells it from the owner's other objects, in the name
 */
export function contentConfigMap(
  owner: Construct,
  id: string,
  data: Readonly<Record<string, string>>,
  part?: string,
): ContentConfigMap {
  const name = constructName(owner, { parts: part === undefined ? [] : [part], suffix: digest(textOf(data)) });
  const path = constructPath(owner);
  report(owner, [...configMapFindings(path, name, data), ...secretFindings(path, writtenByUsers(data))]);
  const object = new NamedObject(owner, id, {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name, labels: labelsOf(owner) },
    data: { ...data },
    immutable: true,
  });
  reportNamed({ object, part: 'data', content: data });
  return { name, keys: Object.keys(data) };
}

/** The content as one text: quicker to hash than JSON, which would quote it first. */
function textOf(data: Readonly<Record<string, string>>): string {
  return Object.keys(data)
    .sort()
    .map((key) => `${key} ${data[key]?.length}\n${data[key]}`)
    .join('\n');
}

/** What may hold a secret: the library's own files don't. */
function writtenByUsers(data: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(data).filter(([, text]) => !isRuntimeFile(text)));
}
