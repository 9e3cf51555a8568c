import { imageContents, imageOption } from '../../src/cli/image-option';
import { holdsPackage } from '../../src/run/image-packages';
import { temporaryFolder, write } from '../folder';

const folder = temporaryFolder();
const optionOf = (text: string) => imageOption(`${write(folder, { 'packages.txt': text })}/packages.txt`);

test.each([
  ['pip freeze', 'llamafactory==0.9.5\nGalore_Torch==1.0\nbitsandbytes==0.50.2\n-e git+https://x/y\n'],
  [
    'pip list',
    'Package      Version\n------------ -------\nllamafactory 0.9.5\ngalore-torch 1.0\nbitsandbytes 0.50.2\n',
  ],
])('what %s prints is what the image holds', (_, text) => {
  const option = optionOf(text);
  if ('fault' in (option as object)) throw new Error(JSON.stringify(option));
  const contents = imageContents(option as Exclude<typeof option, { fault: string }>, '0.9.5');
  expect(contents).toMatchObject({ llamafactory: '0.9.5', bitsandbytes: '0.50.2', cudaToolkit: true });
  if ('fault' in contents) throw new Error(contents.fault);
  expect([holdsPackage(contents, 'galore_torch'), holdsPackage(contents, 'unsloth')]).toEqual([true, false]);
  expect(imageContents(option as 'official', '0.9.4')).toEqual({
    fault: expect.stringContaining('llamafactory 0.9.5'),
  });
});

test('the official image holds what its release says', () => {
  expect(imageContents('official', '0.9.5')).toMatchObject({ deepspeed: '0.18.4' });
  expect(imageContents('official', '0.9.3')).toEqual({ fault: 'no official image of 0.9.3 was published' });
});

test('a file that lists nothing, or is none, is a fault', () => {
  expect(optionOf('hello\n')).toEqual({ fault: expect.stringContaining('lists no package') });
  expect(imageOption(`${folder}/nowhere`)).toEqual({ fault: expect.stringContaining('file that can be read') });
});
