import { readFileSync } from 'node:fs';
import { MATH_DATASET, mathDataset, type Sample } from '../../tools/make-math-dataset';

const committed = readFileSync(MATH_DATASET, 'utf8');
const samples = JSON.parse(committed) as Sample[];
const problems = samples.map(({ messages }) => ({
  question: messages[0]?.content ?? '',
  solution: messages[1]?.content ?? '',
  answer:
    messages[1]?.content
      .split('\n')
      .at(-1)
      ?.replace(/^答案：/, '') ?? '',
}));

// The answers are derived again here, from the question's text and by another way than the generator's: substitution
// into the text itself, or counting every case.

interface Check {
  readonly kind: string;
  readonly question: RegExp;
  readonly answer: RegExp;
  /** Whether the answer is right: takes what the two expressions captured, in order. */
  readonly right: (...captured: string[]) => boolean;
}

const CHECKS: readonly Check[] = [
  {
    kind: 'arithmetic',
    question: /^计算：([^，]+)$/,
    answer: /^(\d+)$/,
    right: (expression, result) => same(at(expression), at(result)),
  },
  {
    kind: 'fractions',
    question: /^计算 (\S+ [+-] \S+)，结果化成最简分数。$/,
    answer: /^(\S+)$/,
    right: (expression, result) => same(at(expression), at(result)),
  },
  {
    kind: 'percentages',
    question: /^一件商品原价 (\d+) 元，先涨价 (\d+)%，再降价 (\d+)%，现价是多少元？$/,
    answer: /^(\d+) 元$/,
    right: ofNumbers((price, rise, cut, now) => now * 10000 === price * (100 + rise) * (100 - cut)),
  },
  {
    kind: 'greatest common divisor and least common multiple',
    question: /^求 (\d+) 和 (\d+) 的最大公约数和最小公倍数。$/,
    answer: /^最大公约数 (\d+)，最小公倍数 (\d+)$/,
    right: ofNumbers((a, b, divisor, multiple) => {
      const divides = (n: number) => a % n === 0 && b % n === 0;
      const isMultiple = (n: number) => n % a === 0 && n % b === 0;
      return divisor === upTo(b).reverse().find(divides) && multiple === upTo(a * b).find(isMultiple);
    }),
  },
  {
    kind: 'remainders',
    question: /^一个正整数除以 (\d+) 余 (\d+)，除以 (\d+) 余 (\d+)，除以 (\d+) 余 (\d+)，这个数最小是多少？$/,
    answer: /^(\d+)$/,
    right: ofNumbers((p, x, q, y, r, z, least) => {
      const suits = (n: number) => n % p === x && n % q === y && n % r === z;
      return least === upTo(p * q * r).find(suits);
    }),
  },
  {
    kind: 'two cars meeting',
    question:
      /^A、B 两地相距 (\d+) 千米，.*甲车每小时行 (\d+) 千米，乙车每小时行 (\d+) 千米。几小时后两车相遇？相遇处离 A 地多少千米？$/,
    answer: /^(\d+) 小时后相遇，离 A 地 (\d+) 千米$/,
    right: ofNumbers((distance, u, v, hours, from) => u * hours === from && distance - v * hours === from),
  },
  {
    kind: 'working together',
    question: /^一项工程，甲队单独做要 (\d+) 天完成，乙队单独做要 (\d+) 天完成。两队合作，几天完成？$/,
    answer: /^(\S+) 天$/,
    right: (a, b, days) => same(at(`(${days}) ÷ ${a} + (${days}) ÷ ${b}`), at('1')),
  },
  {
    kind: 'chickens and rabbits',
    question: /^鸡和兔关在同一个笼子里，共有 (\d+) 个头、(\d+) 只脚。鸡和兔各有多少只？$/,
    answer: /^鸡 (\d+) 只，兔 (\d+) 只$/,
    right: ofNumbers((heads, feet, chickens, rabbits) => {
      const found = upTo(heads).filter((n) => 2 * n + 4 * (heads - n) === feet);
      return found.length === 1 && found[0] === chickens && heads - chickens === rabbits;
    }),
  },
  {
    kind: 'linear equation',
    question: /^解方程：([^²=]+) = ([^²=]+)$/,
    answer: /^x = (\S+)$/,
    right: (left, right, x) => same(at(left, { x }), at(right, { x })),
  },
  {
    kind: 'system of linear equations',
    question: /^解方程组：① ([^=]+) = (\S+)，② ([^=]+) = (\S+)$/,
    answer: /^x = (\S+)，y = (\S+)$/,
    right: (first, p, second, q, x, y) => same(at(first, { x, y }), at(p)) && same(at(second, { x, y }), at(q)),
  },
  {
    kind: 'quadratic equation',
    question: /^解方程：([^=]+²[^=]+) = 0$/,
    answer: /^x₁ = (\S+)，x₂ = (\S+)$/,
    right: (left, small, large) =>
      [small, large].every((x) => same(at(left, { x }), at('0'))) && less(at(small), at(large)),
  },
  {
    kind: 'inequality',
    question: /^解不等式：([^<>≤≥]+) ([<>≤≥]) ([^<>≤≥]+)$/,
    answer: /^x ([<>≤≥]) (\S+)$/,
    right: (left, sign, right, solved, bound) => {
      const agrees = (x: string) =>
        compare(at(left, { x }), sign, at(right, { x })) === compare(at(x), solved, at(bound));
      return (
        same(at(left, { x: bound }), at(right, { x: bound })) && [-1, 0, 1].every((n) => agrees(`${bound} + ${n}`))
      );
    },
  },
  {
    kind: 'factorisation',
    question: /^分解因式：(.+)$/,
    answer: /^(\([^()]+\)\([^()]+\))$/,
    right: (expanded, factors) =>
      [0, 1, 2, 3].every((n) => same(at(expanded, { x: `${n}` }), at(factors, { x: `${n}` }))),
  },
  {
    kind: 'vertex of a parabola',
    question: /^求二次函数 y = (.+) 的顶点坐标和最值。$/,
    answer: /^顶点 \((\S+), (\S+)\)，(最小值|最大值) (\S+)$/,
    right: (y, h, k, extreme, value) => {
      const [before, here, after] = [`${h} - 1`, h, `${h} + 1`].map((x) => at(y, { x })) as [Ratio, Ratio, Ratio];
      const turns = extreme === '最小值' ? less(here, after) : less(after, here);
      return same(here, at(k)) && same(before, after) && turns && value === k;
    },
  },
  {
    kind: 'right triangle',
    question: /^一个直角三角形的两条直角边长分别是 (\d+) 厘米和 (\d+) 厘米，求斜边的长和三角形的面积。$/,
    answer: /^斜边 (\d+) 厘米，面积 (\d+) 平方厘米$/,
    right: ofNumbers((a, b, c, area) => a * a + b * b === c * c && a * b === 2 * area),
  },
  {
    kind: 'length and midpoint of a segment',
    question: /^平面直角坐标系中有点 A\((\S+), (\S+)\) 和 B\((\S+), (\S+)\)，求线段 AB 的长和 AB 中点的坐标。$/,
    answer: /^AB = (\d+)，中点 \((\S+), (\S+)\)$/,
    right: (x, y, u, v, length, midX, midY) =>
      same(at(`(${x} - (${u}))² + (${y} - (${v}))²`), at(`${length}²`)) &&
      same(at(`(${midX}) - (${x})`), at(`${u} - (${midX})`)) &&
      same(at(`(${midY}) - (${y})`), at(`${v} - (${midY})`)),
  },
  {
    kind: 'arithmetic sequence',
    question: /^一个等差数列的第 1 项是 (\S+)，第 (\d+) 项是 (\S+)，求公差和前 (\d+) 项的和。$/,
    answer: /^公差 (\S+)，和 (\S+)$/,
    right: ofNumbers((first, index, known, count, difference, sum) => {
      const terms = upTo(count).map((n) => first + (n - 1) * difference);
      return first + (index - 1) * difference === known && total(terms) === sum;
    }),
  },
  {
    kind: 'geometric sequence',
    question: /^一个等比数列的首项是 (\S+)，公比是 (\S+)，求第 (\d+) 项和前 (\d+) 项的和。$/,
    answer: /^第 (\d+) 项 (\S+)，和 (\S+)$/,
    right: ofNumbers((first, ratio, index, count, answered, last, sum) => {
      const terms = [first];
      while (terms.length < count) terms.push((terms.at(-1) ?? 0) * ratio);
      return index === count && answered === index && terms.at(-1) === last && total(terms) === sum;
    }),
  },
  {
    kind: 'choosing people',
    question: /^从 (\d+) 名男生和 (\d+) 名女生中选出 (\d+) 人参加比赛，要求至少有 1 名女生，共有多少种选法？$/,
    answer: /^(\d+) 种$/,
    right: ofNumbers((boys, girls, chosen, ways) => {
      const people = upTo(boys + girls);
      const groups = upTo(2 ** people.length).map((bits) => people.filter((n) => (bits >> (n - 1)) & 1));
      return groups.filter((group) => group.length === chosen && group.some((n) => n > boys)).length === ways;
    }),
  },
  {
    kind: 'even numbers from given digits',
    question: /^用数字 (\d(?:、\d)*) 能组成多少个没有重复数字的三位偶数？$/,
    answer: /^(\d+) 个$/,
    right: (digits, count) => {
      const allowed = upTo(999).filter((n) => {
        const used = [...`${n}`];
        return n >= 100 && n % 2 === 0 && new Set(used).size === 3 && used.every((digit) => digits.includes(digit));
      });
      return allowed.length === Number(count);
    },
  },
  {
    kind: 'probability',
    question: /^袋中有 (\d+) 个红球和 (\d+) 个蓝球，除颜色外完全相同。从中随机摸出 2 个球，恰好一红一蓝的概率是多少？$/,
    answer: /^(\d+\/\d+)$/,
    right: (red, blue, chance) => {
      const all = upTo(Number(red) + Number(blue));
      const pairs = all.flatMap((a) => all.filter((b) => a < b).map((b) => [a, b] as const));
      const mixed = pairs.filter(([a, b]) => a <= Number(red) && b > Number(red));
      return same(at(chance), at(`${mixed.length}/${pairs.length}`));
    },
  },
  {
    kind: 'mean and variance',
    question: /^求数据 (\d+(?:、\d+)*) 的平均数和方差。$/,
    answer: /^平均数 (\S+)，方差 (\S+)$/,
    right: (data, mean, variance) => {
      const values = data.split('、').map(Number);
      const squares = total(values.map((value) => value * value));
      return (
        same(at(mean), at(`${total(values)}/${values.length}`)) &&
        same(at(variance), at(`${squares}/${values.length} - (${mean})²`))
      );
    },
  },
  {
    kind: 'derivative',
    question: /^求函数 f\(x\) = (.+) 的导数 f′\(x\)，并求 f′\((\S+)\)。$/,
    answer: /^f′\(x\) = (.+)，f′\((\S+)\) = (\S+)$/,
    right: (f, point, slope, answered, value) =>
      [-2, -1, 0, 1, 2].every((n) => same(at(slope, { x: `${n}` }), slopeOf(f, `${n}`))) &&
      same(slopeOf(f, point), at(value)) &&
      answered === point,
  },
  {
    kind: 'local extrema',
    question: /^求函数 f\(x\) = (.+) 的极大值和极小值。$/,
    answer: /^x = (\S+) 时极大值 (\S+)，x = (\S+) 时极小值 (\S+)$/,
    right: (f, top, high, bottom, low) => {
      const value = (x: string) => at(f, { x });
      const near = (x: string) => [value(`${x} - 1/100`), value(`${x} + 1/100`)];
      return (
        [top, bottom].every((x) => same(slopeOf(f, x), at('0'))) &&
        same(value(top), at(high)) &&
        same(value(bottom), at(low)) &&
        near(top).every((y) => less(y, at(high))) &&
        near(bottom).every((y) => less(at(low), y))
      );
    },
  },
];

test('the committed data set is what the script writes', () => {
  expect(mathDataset()).toBe(committed);
});

test('the data set holds at least 200 different problems', () => {
  expect(new Set(problems.map(({ question }) => question)).size).toBeGreaterThanOrEqual(200);
  expect(new Set(problems.map(({ question }) => question)).size).toBe(samples.length);
});

test('plain kubectl apply takes the data set in one ConfigMap', () => {
  const lastApplied = JSON.stringify({ data: { 'math_train.json': committed } });
  expect(Buffer.byteLength(lastApplied)).toBeLessThan(250_000);
});

test('a user asks and the assistant answers, in every sample', () => {
  for (const { messages } of samples) {
    expect(messages.map(({ role }) => role)).toEqual(['user', 'assistant']);
    expect(messages.map(({ content }) => typeof content)).toEqual(['string', 'string']);
  }
});

test('every solution shows its steps and ends with the answer', () => {
  for (const { solution } of problems) {
    expect(solution).toMatch(/^[^\n]+\n(?:[^\n]+\n)*答案：[^\n]+$/);
    expect(solution.match(/答案：/g)).toHaveLength(1);
  }
});

test('every question is of exactly one kind', () => {
  for (const { question } of problems) {
    expect([question, CHECKS.filter((check) => check.question.test(question)).length]).toEqual([question, 1]);
  }
});

test('any 24 problems in a row are of 24 kinds', () => {
  const kinds = problems.map(({ question }) => CHECKS.find((check) => check.question.test(question))?.kind);
  for (let start = 0; start + CHECKS.length <= kinds.length; start += 1) {
    expect(new Set(kinds.slice(start, start + CHECKS.length)).size).toBe(24);
  }
});

describe.each(CHECKS)('$kind', (check) => {
  const mine = problems.filter(({ question }) => check.question.test(question));

  test('has ten problems', () => {
    expect(mine).toHaveLength(10);
  });

  test('has right answers', () => {
    expect(mine.filter((problem) => !isRight(check, problem))).toEqual([]);
  });

  test('would not be right with another number in the answer', () => {
    for (const { question, answer } of mine) {
      for (const number of answer.matchAll(/\d+/g)) {
        const other = `${answer.slice(0, number.index)}${Number(number[0]) + 1}${answer.slice(number.index + number[0].length)}`;
        expect([question, other, isRight(check, { question, answer: other })]).toEqual([question, other, false]);
      }
    }
  });
});

test('fractions in the answers are in lowest terms', () => {
  const fractions = problems.flatMap(({ answer }) => [...answer.matchAll(/(\d+)\/(\d+)/g)]);
  expect(fractions.length).toBeGreaterThan(30);
  for (const [text, n, d] of fractions) {
    const common = upTo(Number(d)).filter((divisor) => Number(n) % divisor === 0 && Number(d) % divisor === 0);
    expect([text, common, d !== '1']).toEqual([text, [1], true]);
  }
});

test('every sum in the steps adds up', () => {
  const pairs = problems.flatMap(({ solution }) => equalities(solution));
  expect(pairs.length).toBeGreaterThan(500);
  for (const [left, right] of pairs) expect([left, right, same(at(left), at(right))]).toEqual([left, right, true]);
});

function isRight(check: Check, problem: { readonly question: string; readonly answer: string }): boolean {
  const captured = [check.question.exec(problem.question), check.answer.exec(problem.answer)];
  return (
    captured.every((match) => match !== null) && check.right(...captured.flatMap((match) => match?.slice(1) ?? []))
  );
}

/** The two sides of every `=` in a text that has nothing but numbers on both. */
function equalities(text: string): [string, string][] {
  const found: [string, string][] = [];
  for (const part of text.split(/[^-+×÷/()²³=\d\sA-Za-z′,]+|\n/)) {
    const sides = part.split('=').map((side) => side.trim());
    sides.slice(1).forEach((right, index) => {
      const left = sides[index] ?? '';
      if (isNumeric(left) && isNumeric(right)) found.push([left, right]);
    });
  }
  return found;
}

function isNumeric(text: string): boolean {
  return /\d/.test(text) && /^[-+×÷/()²³\d ]+$/.test(text);
}

function ofNumbers(right: (...numbers: number[]) => boolean): Check['right'] {
  return (...captured) => right(...captured.map(Number));
}

function upTo(n: number): number[] {
  return Array.from({ length: n }, (_, index) => index + 1);
}

function total(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0);
}

/** The slope of a polynomial of degree four or less: the five-point difference, exact for those. */
function slopeOf(f: string, x: string): Ratio {
  const value = (shift: number) => at(f, { x: `${x} + ${shift}` });
  const inner = subtract(value(1), value(-1));
  const outer = subtract(value(2), value(-2));
  return ratio(8n * inner.n * outer.d - outer.n * inner.d, 12n * inner.d * outer.d);
}

// ---- exact arithmetic on text ------------------------------------------------------------------------------------

interface Ratio {
  readonly n: bigint;
  readonly d: bigint;
}

/** The value of an expression as it stands in the text, its variables replaced by the expressions given. */
function at(text: string, variables: Readonly<Record<string, string>> = {}): Ratio {
  const tokens = text.match(/\d+|[^\s]/g) ?? [];
  let next = 0;
  const value = sum();
  if (next < tokens.length) throw new Error(`${text}: can't read ${tokens[next]}`);
  return value;

  function sum(): Ratio {
    let result = product();
    for (;;) {
      if (take('+')) result = subtract(result, negate(product()));
      else if (take('-')) result = subtract(result, product());
      else return result;
    }
  }

  function product(): Ratio {
    let result = signed();
    for (;;) {
      if (take('×')) result = multiply(result, signed());
      else if (take('÷') || take('/')) result = multiply(result, invert(signed()));
      else if (/[(a-z]/.test(tokens[next] ?? '')) result = multiply(result, power());
      else return result;
    }
  }

  function signed(): Ratio {
    return take('-') ? negate(signed()) : power();
  }

  function power(): Ratio {
    const base = atom();
    if (take('²')) return multiply(base, base);
    return take('³') ? multiply(base, multiply(base, base)) : base;
  }

  function atom(): Ratio {
    const token = tokens[next++] ?? '';
    if (/^\d+$/.test(token)) return { n: BigInt(token), d: 1n };
    const variable = variables[token];
    if (variable !== undefined) return at(variable);
    if (token !== '(') throw new Error(`${text}: can't read ${token}`);
    const inner = sum();
    if (!take(')')) throw new Error(`${text}: a bracket is open`);
    return inner;
  }

  function take(token: string): boolean {
    if (tokens[next] !== token) return false;
    next += 1;
    return true;
  }
}

function ratio(n: bigint, d: bigint): Ratio {
  if (d === 0n) throw new Error('division by zero');
  return d < 0n ? { n: -n, d: -d } : { n, d };
}

function negate(a: Ratio): Ratio {
  return { n: -a.n, d: a.d };
}

function invert(a: Ratio): Ratio {
  return ratio(a.d, a.n);
}

function multiply(a: Ratio, b: Ratio): Ratio {
  return { n: a.n * b.n, d: a.d * b.d };
}

function subtract(a: Ratio, b: Ratio): Ratio {
  return { n: a.n * b.d - b.n * a.d, d: a.d * b.d };
}

function same(a: Ratio, b: Ratio): boolean {
  return a.n * b.d === b.n * a.d;
}

function less(a: Ratio, b: Ratio): boolean {
  return a.n * b.d < b.n * a.d;
}

function compare(a: Ratio, sign: string, b: Ratio): boolean {
  if (sign === '<') return less(a, b);
  if (sign === '>') return less(b, a);
  return sign === '≤' ? !less(b, a) : !less(a, b);
}
