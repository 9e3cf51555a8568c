import { fetchBounds } from '../../src/job/prepare-bounds';

const GiB = 2 ** 30;
const room = { smallest: 60 };

test('a model may be as large as its volume is planned to be for it, and take as long as it takes at 1 MB a second', () => {
  expect(fetchBounds({ model: { room, bytes: 30e9 }, data: [], packages: false })).toEqual({
    model: { maxBytes: 60 * GiB, maxSeconds: 45_000 },
    data: [],
    deadlineSeconds: 45_000 + 3600,
  });
});

test('a model of which nothing is known may fill its volume', () => {
  expect(
    fetchBounds({ model: { room: { smallest: 60, bytes: 10e9 }, bytes: 0 }, data: [], packages: false }).model,
  ).toEqual({ maxBytes: 10e9, maxSeconds: 10_000 });
});

test('a large model is planned on a larger volume', () => {
  expect(fetchBounds({ model: { room, bytes: 140e9 }, data: [], packages: false }).model?.maxBytes).toBe(240 * GiB);
});

test('data of unknown size are bounded by the volume they go to, and by no size where that is not known', () => {
  const { data } = fetchBounds({
    data: [
      { room: { smallest: 20 }, beside: 0 },
      { room: undefined, beside: 0 },
    ],
    packages: false,
  });
  expect(data).toEqual([{ maxBytes: 20 * GiB, maxSeconds: 21_475 }, { maxSeconds: 68_720 }]);
});

test('packages take an hour, and there is an hour to begin with', () => {
  expect(fetchBounds({ data: [], packages: true })).toEqual({ data: [], deadlineSeconds: 7200 });
});

test('a deadline that is given is divided as the reckoned one is, so that each part ends before the Job', () => {
  const { model, data, deadlineSeconds } = fetchBounds({
    model: { room, bytes: 30e9 },
    data: [{ room: { smallest: 20 }, beside: 0 }],
    packages: true,
    deadlineSeconds: 7200,
  });
  expect(deadlineSeconds).toBe(7200);
  expect((model?.maxSeconds ?? 0) + (data[0]?.maxSeconds ?? 0)).toBeLessThan(7200);
  expect(model?.maxSeconds).toBeGreaterThan(data[0]?.maxSeconds ?? 0);
});
