#!/usr/bin/env node
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import type { Acknowledgements } from '../judge/acknowledgements';
import type { Card } from '../run/card';
import { nearest } from '../run/nearest';
import { DEFAULT_RELEASE, RELEASES, type Release } from '../run/releases';
import { cardNamed } from './cards';
import type { ImportOptions } from './import';
import type { LintOptions } from './lint';
import { ExitStatus, type Output, processOutput } from './output';
import type { PlanCommandOptions } from './plan';

/** Options as commander hands them over: `--llamafactory` is the release, `--gpu` the card. */
interface Given {
  readonly llamafactory: Release;
  readonly gpu: Card;
}

/** Runs a command line, the program's name left out, and says how to exit. */
export function main(args: readonly string[], output: Output): ExitStatus {
  let status = ExitStatus.OK;
  const program = programFor(output, (ended) => {
    status = ended;
  });
  try {
    program.parse(args, { from: 'user' });
    return status;
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    return error.exitCode === 0 ? ExitStatus.OK : ExitStatus.USAGE;
  }
}

function programFor(output: Output, end: (status: ExitStatus) => void): Command {
  const program = new Command('cdk8s-llamafactory')
    .description('looks at LLaMA-Factory runs before a GPU is held')
    .version(version())
    .exitOverride()
    .configureOutput({ writeOut: output.out, writeErr: output.err })
    .showHelpAfterError('(add --help for the options)');
  withRunOptions(program.command('lint <file...>'))
    .description("what LLaMA-Factory's parser says of train configs, and what it stays silent about")
    .option('--fix', 'write what can be corrected, and show the difference')
    .option(
      '--acknowledge <id=reason>',
      'why a warning or advice is right as it is; may be given again',
      acknowledgement,
    )
    .action((files: string[], given: Given & LintOptions) => {
      const { lint } = require('./lint') as typeof import('./lint');
      end(lint(files, runOptions(given), output));
    });
  withRunOptions(program.command('plan <file>'))
    .description('steps, memory, duration of a run, and what would be better')
    .option('--samples <n>', 'rows of each data set, whatever its file holds here', wholeNumber)
    .option('--measured <log>', "a run's trainer_log.jsonl, to be set beside the plan")
    .action((file: string, given: Given & PlanCommandOptions) => {
      const { plan } = require('./plan') as typeof import('./plan');
      end(plan(file, runOptions(given), output));
    });
  withMachineOptions(program.command('import <folder>'))
    .description('a typed program from a train config and what belongs to it')
    .option(
      '--gpus <n>',
      "GPUs of the node, in place of those the launch script uses (4 if it doesn't say)",
      wholeNumber,
    )
    .option('--config <file>', 'the train config, where the folder has several')
    .option('--out <file>', 'where the program goes, in place of the standard output')
    .option('--force', 'replace the file if it is there')
    .action((folder: string, given: Given & ImportOptions) => {
      const { importFolder } = require('./import') as typeof import('./import');
      end(importFolder(folder, runOptions(given), output));
    });
  return program;
}

/** The options that say what a run is beside its YAML. */
function withRunOptions(command: Command): Command {
  return withMachineOptions(command)
    .option('--gpus <n>', 'GPUs on each node', wholeNumber, 4)
    .option('--nodes <n>', 'nodes', wholeNumber, 1)
    .option('--deepspeed <file>', 'a DeepSpeed JSON in place of the one the config names')
    .option('--dataset-dir <folder>', 'the folder of dataset_info.json in place of the one the config names')
    .option('--launch <file>', 'the script that starts the trainer, in place of one found beside the config')
    .addOption(new Option('--format <format>', 'how to print').choices(['text', 'json']).default('text'));
}

/** The options of every command: what trains, and on which card. */
function withMachineOptions(command: Command): Command {
  return command
    .option('--llamafactory <release>', `one of ${RELEASES.join(', ')}`, release, DEFAULT_RELEASE)
    .addOption(new Option('--gpu <card>', 'a card of the catalogue').default(cardNamed('T10'), 'T10').argParser(card));
}

/** The options under the names the commands know. */
function runOptions<T>(given: Given & T): T & { release: Release; card: Card } {
  return { ...given, release: given.llamafactory, card: given.gpu };
}

function release(text: string): Release {
  const known = RELEASES.find((each) => each === text);
  if (known !== undefined) return known;
  const meant = nearest(text, RELEASES);
  throw new InvalidArgumentError(
    `${meant === undefined ? '' : `Did you mean ${meant}? `}Known: ${RELEASES.join(', ')}.`,
  );
}

function card(text: string): Card {
  const found = cardNamed(text);
  if ('fault' in found) throw new InvalidArgumentError(`${found.fault}.`);
  return found;
}

/** `ID=REASON`, beside those given before. */
function acknowledgement(text: string, given: Acknowledgements = {}): Acknowledgements {
  const [, id = '', reason = ''] = /^([^=]*)=([\s\S]*)$/.exec(text) ?? [];
  if (reason.trim() === '') throw new InvalidArgumentError('The form is ID=REASON, and the reason is not empty.');
  const { unknownId } = require('../judge/acknowledgements') as typeof import('../judge/acknowledgements');
  const unknown = unknownId(id);
  if (unknown !== undefined) throw new InvalidArgumentError(`${unknown}.`);
  return { ...given, [id]: reason };
}

const MOST = 1_000_000_000;

function wholeNumber(text: string): number {
  const number = /^\d+$/.test(text) ? Number(text) : 0;
  if (number >= 1 && number <= MOST) return number;
  throw new InvalidArgumentError('A whole number above 0 is needed.');
}

function version(): string {
  const { version } = JSON.parse(readFileSync(join(__dirname, '../../package.json'), 'utf8')) as { version: string };
  return version;
}

if (require.main === module) process.exitCode = main(process.argv.slice(2), processOutput());
