#!/usr/bin/env node
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import type { Acknowledgements } from '../judge/acknowledgements';
import type { Card } from '../run/card';
import { nearest } from '../run/nearest';
import { DEFAULT_RELEASE, RELEASES, type Release } from '../run/releases';
import { cardNamed, computeCapability, type DescribedCard, describedCard, memoryAmount } from './cards';
import { type ImageOption, imageContents, imageOption } from './image-option';
import type { ImportOptions } from './import';
import type { LintOptions } from './lint';
import { ExitStatus, type Output, processOutput } from './output';
import type { PlanCommandOptions } from './plan';

/** Options as commander hands them over: `--llamafactory` is the release, `--gpu` the card. */
interface Given {
  readonly llamafactory: Release;
  readonly gpu: Card;
  readonly image?: ImageOption;
}

/** A card of one's own, as far as it is described. */
type OwnCard = Partial<DescribedCard>;

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
    if (error instanceof CommanderError) return error.exitCode === 0 ? ExitStatus.OK : ExitStatus.USAGE;
    output.err(`error: ${unexpected(error, args)}\n`);
    return ExitStatus.FINDINGS;
  }
}

/** What nothing below has caught, in one line: what, and where in this program. */
function unexpected(error: unknown, args: readonly string[]): string {
  const { name, message, stack } = error instanceof Error ? error : new Error(String(error));
  const [, where = 'an unknown place'] = /([^\\/\s(]{1,100}:\d{1,9}):\d/.exec(stack?.slice(-10_000) ?? '') ?? [];
  const [first = ''] = message.split('\n');
  return `unexpected ${name} in ${args[0] ?? 'the program'}: ${first.slice(0, 500)} (${where}); please report it with the files`;
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
    .action((files: string[], given: Given & LintOptions, command: Command) => {
      const { lint } = require('./lint') as typeof import('./lint');
      end(lint(files, withOwnCard(command, withImage(command, given)), output));
    });
  withRunOptions(program.command('plan <file>'))
    .description('steps, memory, duration of a run, and what would be better')
    .option('--samples <n>', 'rows of each data set, whatever its file holds here', wholeNumber)
    .option('--measured <log>', "a run's trainer_log.jsonl, to be set beside the plan")
    .action((file: string, given: Given & PlanCommandOptions, command: Command) => {
      const { plan } = require('./plan') as typeof import('./plan');
      end(plan(file, withOwnCard(command, withImage(command, given)), output));
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
  return withCardOptions(withMachineOptions(command))
    .option('--gpus <n>', 'GPUs on each node', wholeNumber, 4)
    .option('--nodes <n>', 'nodes', wholeNumber, 1)
    .option('--deepspeed <file>', 'a DeepSpeed JSON in place of the one the config names')
    .option('--dataset-dir <folder>', 'the folder of dataset_info.json in place of the one the config names')
    .option('--launch <file>', 'the script that starts the trainer, in place of one that is found')
    .option('--image <image>', 'what is installed: `official`, or a file with what pip freeze prints', image)
    .option('--root <folder>', 'the folder the trainer is started in, in place of the one that is found', folder)
    .addOption(new Option('--format <format>', 'how to print').choices(['text', 'json']).default('text'));
}

/** The options of every command: what trains, and on which card. */
function withMachineOptions(command: Command): Command {
  return command
    .option('--llamafactory <release>', `one of ${RELEASES.join(', ')}`, release, DEFAULT_RELEASE)
    .addOption(new Option('--gpu <card>', 'a card of the catalogue').default(cardNamed('T10'), 'T10').argParser(card));
}

/** The options that describe a card in place of naming one of the catalogue. */
function withCardOptions(command: Command): Command {
  return command
    .addOption(
      new Option('--gpu-memory <size>', 'a card by its memory, as nvidia-smi shows it: 24Gi, 23028Mi; MIG slices too')
        .argParser(memory)
        .conflicts('gpu'),
    )
    .addOption(
      new Option('--compute-capability <n.n>', 'of the card of --gpu-memory: 8.9')
        .argParser(capability)
        .conflicts('gpu'),
    )
    .addOption(
      new Option('--gpu-bandwidth <GB/s>', 'of the card of --gpu-memory: for how long a run takes')
        .argParser(positive)
        .conflicts('gpu'),
    )
    .addOption(
      new Option('--gpu-tflops <TFLOP/s>', 'of the card of --gpu-memory, dense fp16: for how long a run takes')
        .argParser(positive)
        .conflicts('gpu'),
    );
}

/** The options with the card that they describe, where they describe one. */
function withOwnCard<T extends { readonly card: Card }>(command: Command, given: T & OwnCard): T {
  const { gpuMemory, computeCapability: capability, gpuBandwidth, gpuTflops } = given;
  if ([gpuMemory, capability, gpuBandwidth, gpuTflops].every((each) => each === undefined)) return given;
  if (gpuMemory === undefined || capability === undefined) {
    const missing = gpuMemory === undefined ? '--gpu-memory' : '--compute-capability';
    return command.error(`error: ${missing} is missing: a card is described by --gpu-memory and --compute-capability`);
  }
  if (gpuBandwidth !== undefined && gpuTflops === undefined) {
    return command.error('error: --gpu-tflops is missing: without it --gpu-bandwidth tells nothing');
  }
  return { ...given, card: describedCard({ gpuMemory, computeCapability: capability, gpuBandwidth, gpuTflops }) };
}

/** The options under the names the commands know. */
function runOptions<T>(given: Omit<Given, 'image'> & T): T & { release: Release; card: Card } {
  return { ...given, release: given.llamafactory, card: given.gpu };
}

/** The same, with what the image of the release holds. */
function withImage<T>(command: Command, { image, ...given }: Given & T) {
  const options = runOptions(given);
  if (image === undefined) return options;
  const contents = imageContents(image, options.release);
  if ('fault' in contents) return command.error(`error: --image: ${contents.fault}`);
  return { ...options, image: contents };
}

function image(text: string): ImageOption {
  const option = imageOption(text);
  if (typeof option === 'object' && 'fault' in option) throw new InvalidArgumentError(`${option.fault}.`);
  return option;
}

function folder(path: string): string {
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory()) return path;
  throw new InvalidArgumentError('There is no such folder.');
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

function memory(text: string): OwnCard['gpuMemory'] {
  const amount = memoryAmount(text);
  if (amount !== undefined) return amount;
  throw new InvalidArgumentError('A size with its unit is needed, from 1Gi to 1024Gi: 24Gi, 23028Mi.');
}

function capability(text: string): number {
  const known = computeCapability(text);
  if (known !== undefined) return known;
  throw new InvalidArgumentError('Major and minor are needed: 8.9, 12.0.');
}

function positive(text: string): number {
  const number = /^\d{1,9}(?:\.\d{1,3})?$/.test(text) ? Number(text) : 0;
  if (number > 0) return number;
  throw new InvalidArgumentError('A number above 0 is needed.');
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
