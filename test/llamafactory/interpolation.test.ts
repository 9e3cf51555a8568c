import { isInterpolation } from '../../src/llamafactory/interpolation';

describe('what OmegaConf takes for interpolations', () => {
  test.each([
    '${output_dir}/x',
    '${oc.env:HOME}',
    '${oc.env:USER,nobody}',
    "${oc.env:USER,'no one'}",
    '${oc.env:"USER"}',
    '${now:%Y-%m-%d %H:%M}',
    '${a:[1, , {x: y}],}',
    '${a:{1: {}, x : [2]}}',
    '${a:b:c}',
    '${a:\\(x\\)}',
    "${a:'it\\'s'}",
    "${a:'x${b}y'}",
    '${oc.decode:${oc.env:X}}',
    '${a.${b}[c].d}',
    '${..a}',
    '${[a].b}',
    '${:a}',
    '${a\n}',
    '\\${a b',
    '\\\\${a}',
    '${a}}',
    'no $ {at} all',
  ])('%j is one', (text) => {
    expect(isInterpolation(text)).toBe(true);
  });

  test.each([
    '${',
    '${}',
    '${:}',
    '${a b}',
    '${a..b}',
    '${a.[b]}',
    '${a:{x}}',
    '${a:{x: 1,}}',
    '${a:[x}',
    '${a:(x)}',
    '${a:x;y}',
    '${a:é}',
    "${a:x'y}",
    "${a:'x}",
    "${a:'${b'}",
    '${a$${b}}',
    '${$a:b}',
    '${.a:b}',
    '\\\\${a b',
    '${a:x\n}}${',
  ])('%j is none', (text) => {
    expect(isInterpolation(text)).toBe(false);
  });
});
