import { ModelSource } from '../src';

test.each([
  ['modelscope', 'master', ModelSource.modelScope],
  ['huggingface', 'main', ModelSource.huggingFace],
])('%s is asked for its branch %s unless told otherwise', (hub, branch, source) => {
  expect([source()._hub, source().revision, source({ revision: 'v1' }).revision]).toEqual([hub, branch, 'v1']);
});

test('repository and endpoint are kept', () => {
  const options = { repository: 'a/b', endpoint: 'https://hub.example.com' };
  expect(ModelSource.huggingFace(options)._options).toEqual(options);
});
