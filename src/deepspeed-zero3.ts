import { Construct } from 'constructs';
import { type DeepSpeedFile, zero3File } from './deepspeed/zero3-config';
import type { DeepSpeedZero3Props } from './deepspeed/zero3-props';
import { checkedProps } from './run/props';
import { contentConfigMap } from './tree/content-config-map';
import { reportProblems } from './tree/findings';

/**
 * A DeepSpeed ZeRO-3 config as a ConfigMap, named by its content; any number of runs may use it.
 *
 * 4-bit weights are loaded whole on each GPU before they are partitioned, so the load peak isn't smaller than without
 * ZeRO; what ZeRO-3 with offload saves is memory during the steps.
 */
export class DeepSpeedZero3 extends Construct {
  /** The name of the ConfigMap; it changes with the content. */
  public readonly configMapName: string;
  /** @internal */
  public readonly _file: DeepSpeedFile;

  public constructor(scope: Construct, id: string, props: DeepSpeedZero3Props = {}) {
    super(scope, id);
    const { sound, problems } = checkedProps('DeepSpeedZero3Props', props);
    reportProblems(this, problems);
    this._file = zero3File(sound);
    const { file, config } = this._file;
    this.configMapName = contentConfigMap(this, 'Resource', { [file]: `${JSON.stringify(config, null, 2)}\n` }).name;
  }
}
