import { ApiObject } from 'cdk8s';
import type { IConstruct } from 'constructs';
import { type Acknowledgements, acknowledge } from '../judge/acknowledgements';
import { distinct } from '../judge/distinct';
import { findingLine, findingsText } from '../judge/finding-text';
import { guarded } from '../judge/guarded';
import { duplicateNames, type NamedObject } from '../kubernetes/duplicates';
import { missingReferences, type PodReferences } from '../kubernetes/references';
import { type Finding, type Problem, Severity } from '../run/finding';
import { constructPath } from './construct-name';
import { type NamedByContent, outsidePatches } from './outside-patches';

/** What the constructs of one tree have found, kept at its root. */
interface Audit {
  readonly findings: Finding[];
  readonly late: Array<() => Finding[]>;
  /** By the path of the construct that they are for. */
  readonly acknowledgements: Map<string, Acknowledgements>;
  readonly references: PodReferences[];
  readonly named: NamedByContent[];
  printed: boolean;
}

const audits = new WeakMap<IConstruct, Audit>();

/** Keeps findings for the synth: errors fail it, the rest is printed once. */
export function report(construct: IConstruct, findings: readonly Finding[]): void {
  auditOf(construct).findings.push(...findings);
}

/** Reports faults of values that a construct was given. */
export function reportProblems(construct: IConstruct, problems: readonly Problem[]): void {
  report(construct, errorsAt(construct, problems));
}

/**
 * Keeps reasons for which warnings and advice at a construct are right as they are: for all that it reports, before
 * and after, and for what is found of it at synth.
 */
export function reportAcknowledgements(construct: IConstruct, given: Acknowledgements): void {
  auditOf(construct).acknowledgements.set(constructPath(construct), given);
}

/** The reasons that silence something of what a construct has reported so far, by id. */
export function acknowledgedSoFar(construct: IConstruct): Acknowledgements {
  const { findings, acknowledgements } = auditOf(construct);
  const path = constructPath(construct);
  return acknowledge(findings, acknowledgements.get(path) ?? {}, path).used;
}

/** Has a construct asked at synth what is wrong with it, when all that counts is known. */
export function reportAtSynth(construct: IConstruct, problems: () => readonly Problem[]): void {
  auditOf(construct).late.push(() => errorsAt(construct, guarded(constructPath(construct), '', problems)));
}

function errorsAt(construct: IConstruct, problems: readonly Problem[]): Finding[] {
  const path = constructPath(construct);
  return problems.map((problem) => ({ ...problem, severity: Severity.ERROR, path }));
}

/** Has the names that a pod refers to looked up at synth, when all objects are there. */
export function reportReferences(construct: IConstruct, references: PodReferences): void {
  auditOf(construct).references.push(references);
}

/** Has an object looked at again at synth: whether it still is what its name was made from. */
export function reportNamed(named: NamedByContent): void {
  auditOf(named.object).named.push(named);
}

/** All findings of the tree, those that need the whole tree included, without what was acknowledged. */
export function findingsOf(root: IConstruct): Finding[] {
  const { findings, late, references, named, acknowledgements } = auditOf(root);
  const top = constructPath(root.node.root) || 'app';
  const objects = objectsOf(root.node.root);
  const found = distinct([
    ...findings,
    ...late.flatMap((problems) => problems()),
    ...guarded(top, 'metadata.name', () => duplicateNames(objects)),
    ...guarded(top, 'volumes', () => missingReferences(references, objects)),
    ...guarded(top, 'patches', () => outsidePatches(named)),
  ]);
  let left: readonly Finding[] = found;
  for (const [path, given] of acknowledgements) left = acknowledge(left, given, path).findings;
  return [...left];
}

/**
 * Prints warnings on stderr, the first time it is called for a tree, what several runs share once. Advice is for the
 * command line's `lint`: a synth that has nothing wrong says nothing.
 */
function printOnce(root: IConstruct, findings: readonly Finding[]): void {
  const audit = auditOf(root);
  const quiet = findings.filter((finding) => finding.severity === Severity.WARNING);
  if (!audit.printed && quiet.length > 0) process.stderr.write(`${findingsText(quiet)}\n`);
  audit.printed = true;
}

function auditOf(construct: IConstruct): Audit {
  const root = construct.node.root;
  const known = audits.get(root);
  if (known !== undefined) return known;
  const audit: Audit = {
    findings: [],
    late: [],
    acknowledgements: new Map(),
    references: [],
    named: [],
    printed: false,
  };
  audits.set(root, audit);
  root.node.addValidation({ validate: oncePerSynth(audit, () => validate(root)) });
  return audit;
}

function validate(root: IConstruct): string[] {
  const findings = findingsOf(root);
  printOnce(root, findings);
  return findings.filter((finding) => finding.severity === Severity.ERROR).map(findingLine);
}

/**
 * cdk8s validates the whole tree again for each chart. A synth runs in one go, so an answer holds until the event
 * loop turns, or until something new is reported.
 */
function oncePerSynth(audit: Audit, validateTree: () => string[]): () => string[] {
  let answer: string[] | undefined;
  let reported = 0;
  return () => {
    if (answer === undefined || audit.findings.length + audit.references.length !== reported) {
      answer = validateTree();
      reported = audit.findings.length + audit.references.length;
      setImmediate(() => {
        answer = undefined;
      }).unref();
    }
    return answer;
  };
}

function objectsOf(root: IConstruct): NamedObject[] {
  return root.node
    .findAll()
    .filter((construct): construct is ApiObject => ApiObject.isApiObject(construct))
    .map((object) => ({
      path: constructPath(object),
      apiGroup: object.apiGroup,
      kind: object.kind,
      // PersistentVolumes belong to no namespace.
      namespace: object.kind === 'PersistentVolume' ? '' : (object.metadata.namespace ?? ''),
      name: object.name,
      keys: () => configMapKeys(object),
    }));
}

/** The keys of a ConfigMap, rendered only when a reference to it is looked up. */
function configMapKeys(object: ApiObject): string[] {
  const { data, binaryData } = object.toJson() as { data?: object; binaryData?: object };
  return [...Object.keys(data ?? {}), ...Object.keys(binaryData ?? {})];
}
