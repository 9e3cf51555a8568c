/**
 * Writes the main example's data set: `npx tsx tools/make-math-dataset.ts`.
 * Maths problems in Chinese, in the sharegpt shape with `messages`. The same bytes on every run.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** The file the script writes. */
export const MATH_DATASET = join(__dirname, '../examples/qwen3-14b-t10/data/math_train.json');

/** One row of the data set. */
export interface Sample {
  readonly messages: readonly { readonly role: 'user' | 'assistant'; readonly content: string }[];
}

interface Problem {
  readonly question: string;
  readonly steps: readonly string[];
  readonly answer: string;
}

/** A whole number between two bounds, both included. */
type Whole = (low: number, high: number) => number;

/** Makes one problem, or nothing if the numbers drawn don't suit. */
type Kind = (whole: Whole) => Problem | undefined;

const PROBLEMS_OF_A_KIND = 10;

// ---- arithmetic --------------------------------------------------------------------------------------------------

const arithmetic: Kind = (whole) => {
  const [a, b, c, e, quotient] = [whole(12, 99), whole(12, 99), whole(3, 19), whole(3, 15), whole(4, 40)];
  const d = e * quotient;
  const sum = a + b;
  const product = sum * c;
  return {
    question: `计算：(${a} + ${b}) × ${c} - ${d} ÷ ${e}`,
    steps: [
      `先算括号里的：${a} + ${b} = ${sum}。`,
      `再算乘除：${sum} × ${c} = ${product}，${d} ÷ ${e} = ${quotient}。`,
      `最后相减：${product} - ${quotient} = ${product - quotient}。`,
    ],
    answer: `${product - quotient}`,
  };
};

const fractions: Kind = (whole) => {
  const [b, d] = [whole(2, 15), whole(2, 15)];
  const [a, c] = [whole(1, b - 1), whole(1, d - 1)];
  const common = lcm(b, d);
  if (common === b || common === d || gcd(a, b) > 1 || gcd(c, d) > 1) return undefined;
  const sign = whole(0, 1) === 0 ? '+' : '-';
  const [left, right] = [(a * common) / b, (c * common) / d];
  const total = sign === '+' ? left + right : left - right;
  if (total <= 0) return undefined;
  const result = fraction(total, common);
  const reduced = result === `${total}/${common}` ? '' : ` = ${result}`;
  return {
    question: `计算 ${a}/${b} ${sign} ${c}/${d}，结果化成最简分数。`,
    steps: [
      `${b} 和 ${d} 的最小公倍数是 ${common}，通分：${a}/${b} = ${left}/${common}，${c}/${d} = ${right}/${common}。`,
      `${left}/${common} ${sign} ${right}/${common} = ${total}/${common}${reduced}。`,
    ],
    answer: result,
  };
};

const percentages: Kind = (whole) => {
  const [price, rise, cut] = [whole(2, 60) * 20, whole(1, 10) * 5, whole(1, 8) * 5];
  const raised = (price * (100 + rise)) / 100;
  const now = (raised * (100 - cut)) / 100;
  if (!Number.isInteger(raised) || !Number.isInteger(now)) return undefined;
  return {
    question: `一件商品原价 ${price} 元，先涨价 ${rise}%，再降价 ${cut}%，现价是多少元？`,
    steps: [
      `涨价后：${price} × (100 + ${rise}) ÷ 100 = ${raised}（元）。`,
      `再降价后：${raised} × (100 - ${cut}) ÷ 100 = ${now}（元）。`,
    ],
    answer: `${now} 元`,
  };
};

const divisors: Kind = (whole) => {
  const unit = whole(2, 24);
  const [a, b] = [unit * whole(5, 20), unit * whole(2, 15)];
  if (a <= b || a % b === 0) return undefined;
  const steps = [];
  let [high, low] = [a, b];
  while (low > 0) {
    const rest = high % low;
    const tail = rest === 0 ? '' : ` + ${rest}`;
    steps.push(`${high} = ${low} × ${Math.floor(high / low)}${tail}`);
    [high, low] = [low, rest];
  }
  const multiple = (a * b) / high;
  return {
    question: `求 ${a} 和 ${b} 的最大公约数和最小公倍数。`,
    steps: [
      `辗转相除：${steps.join('，')}。`,
      `最后一个除数 ${high} 就是最大公约数。`,
      `最小公倍数：${a} × ${b} ÷ ${high} = ${multiple}。`,
    ],
    answer: `最大公约数 ${high}，最小公倍数 ${multiple}`,
  };
};

const remainders: Kind = (whole) => {
  const sets = [
    [3, 5, 7],
    [3, 4, 5],
    [4, 5, 7],
    [3, 7, 8],
    [5, 6, 7],
    [2, 5, 9],
  ] as const;
  const [p, q, r] = pick(whole, sets);
  const [x, y, z] = [whole(1, p - 1), whole(1, q - 1), whole(1, r - 1)];
  const start = firstFrom(1, 1, (n) => n % p === x && n % q === y);
  const least = firstFrom(start, p * q, (n) => n % r === z);
  const tried = [];
  for (let n = start; n <= least; n += p * q) tried.push(`${n} 除以 ${r} 余 ${n % r}`);
  return {
    question: `一个正整数除以 ${p} 余 ${x}，除以 ${q} 余 ${y}，除以 ${r} 余 ${z}，这个数最小是多少？`,
    steps: [
      `除以 ${p} 余 ${x}、除以 ${q} 余 ${y} 的最小正整数是 ${start}，这样的数以后每隔 ${p} × ${q} = ${p * q} 出现一个。`,
      `从小到大检验：${tried.join('，')}。`,
      `第一个符合的是 ${least}。`,
    ],
    answer: `${least}`,
  };
};

// ---- word problems -----------------------------------------------------------------------------------------------

const meeting: Kind = (whole) => {
  const [first, second, hours] = [whole(40, 110), whole(40, 110), whole(2, 9)];
  const speed = first + second;
  const distance = speed * hours;
  return {
    question: `A、B 两地相距 ${distance} 千米，甲车从 A 地、乙车从 B 地同时出发，相向而行，甲车每小时行 ${first} 千米，乙车每小时行 ${second} 千米。几小时后两车相遇？相遇处离 A 地多少千米？`,
    steps: [
      `两车每小时共行 ${first} + ${second} = ${speed}（千米）。`,
      `相遇时间：${distance} ÷ ${speed} = ${hours}（小时）。`,
      `甲车行了 ${first} × ${hours} = ${first * hours}（千米）。`,
    ],
    answer: `${hours} 小时后相遇，离 A 地 ${first * hours} 千米`,
  };
};

const workTogether: Kind = (whole) => {
  const [a, b] = [whole(4, 30), whole(4, 30)];
  if (a === b) return undefined;
  const days = fraction(a * b, a + b);
  const rate = fraction(a + b, a * b);
  return {
    question: `一项工程，甲队单独做要 ${a} 天完成，乙队单独做要 ${b} 天完成。两队合作，几天完成？`,
    steps: [`两队合作一天完成全部工程的 1/${a} + 1/${b} = ${rate}。`, `所需天数：1 ÷ (${rate}) = ${days}。`],
    answer: `${days} 天`,
  };
};

const chickensAndRabbits: Kind = (whole) => {
  const [chickens, rabbits] = [whole(3, 60), whole(3, 60)];
  const heads = chickens + rabbits;
  const feet = 2 * chickens + 4 * rabbits;
  const extra = feet - 2 * heads;
  return {
    question: `鸡和兔关在同一个笼子里，共有 ${heads} 个头、${feet} 只脚。鸡和兔各有多少只？`,
    steps: [
      `假设全是鸡，应有 ${heads} × 2 = ${2 * heads} 只脚，比实际少 ${feet} - ${2 * heads} = ${extra} 只。`,
      `每把一只鸡换成一只兔，多 2 只脚，所以兔有 ${extra} ÷ 2 = ${rabbits} 只。`,
      `鸡有 ${heads} - ${rabbits} = ${chickens} 只。`,
    ],
    answer: `鸡 ${chickens} 只，兔 ${rabbits} 只`,
  };
};

// ---- algebra -----------------------------------------------------------------------------------------------------

const linearEquation: Kind = (whole) => {
  const [a, b, c, d] = [whole(-9, 12), whole(-30, 30), whole(-9, 12), whole(-30, 30)];
  if (a * b * c * d === 0 || a === c || a - c === 1 || b === d) return undefined;
  const x = fraction(d - b, a - c);
  return {
    question: `解方程：${polynomial([a, b])} = ${polynomial([c, d])}`,
    steps: [`移项、合并同类项，得 ${polynomial([a - c, 0])} = ${d - b}。`, `把 x 的系数化为 1，得 x = ${x}。`],
    answer: `x = ${x}`,
  };
};

const linearSystem: Kind = (whole) => {
  const [x, y] = [whole(-9, 9), whole(-9, 9)];
  const [a, b, c, d] = [whole(1, 7), whole(-7, 7), whole(1, 7), whole(-7, 7)];
  const determinant = a * d - c * b;
  if (b * d * determinant === 0 || b === 1 || determinant === 1) return undefined;
  const [p, q] = [a * x + b * y, c * x + d * y];
  const rest = p - a * x;
  return {
    question: `解方程组：① ${pair(a, b)} = ${p}，② ${pair(c, d)} = ${q}`,
    steps: [
      `① × ${bracket(d)} - ② × ${bracket(b)}，消去 y，得 ${polynomial([determinant, 0])} = ${determinant * x}，所以 x = ${x}。`,
      `代入 ①：${a} × ${bracket(x)} ${signed(b)}y = ${p}，即 ${polynomial([b, 0], 'y')} = ${rest}，所以 y = ${y}。`,
    ],
    answer: `x = ${x}，y = ${y}`,
  };
};

const quadraticEquation: Kind = (whole) => {
  const [m, n, p, q] = [whole(1, 3), whole(1, 2), whole(-9, 9), whole(-9, 9)];
  const [a, b, c] = [m * n, m * q + n * p, p * q];
  const discriminant = b * b - 4 * a * c;
  if (b * c * discriminant === 0 || gcd(a, gcd(b, c)) > 1) return undefined;
  const root = Math.sqrt(discriminant);
  const [small, large] = [fraction(-b - root, 2 * a), fraction(-b + root, 2 * a)];
  return {
    question: `解方程：${polynomial([a, b, c])} = 0`,
    steps: [
      `判别式：${bracket(b)}² - 4 × ${a} × ${bracket(c)} = ${discriminant} = ${root}²。`,
      `由求根公式，x = (${-b} ± ${root}) ÷ ${2 * a}。`,
      `取减号：(${-b} - ${root}) ÷ ${2 * a} = ${small}；取加号：(${-b} + ${root}) ÷ ${2 * a} = ${large}。`,
    ],
    answer: `x₁ = ${small}，x₂ = ${large}`,
  };
};

const inequality: Kind = (whole) => {
  const [a, b, c, d] = [whole(-9, 9), whole(-20, 20), whole(-9, 9), whole(-20, 20)];
  if (a * b * c * d === 0 || a === c || a - c === 1 || b === d) return undefined;
  const sign = pick(whole, ['>', '<', '≥', '≤'] as const);
  const turned = { '>': '<', '<': '>', '≥': '≤', '≤': '≥' }[sign];
  const slope = a - c;
  const bound = fraction(d - b, slope);
  const [result, note] = slope > 0 ? [sign, '系数是正数，不等号方向不变'] : [turned, '系数是负数，不等号方向改变'];
  return {
    question: `解不等式：${polynomial([a, b])} ${sign} ${polynomial([c, d])}`,
    steps: [
      `移项、合并同类项，得 ${polynomial([slope, 0])} ${sign} ${d - b}。`,
      `x 的${note}，得 x ${result} ${bound}。`,
    ],
    answer: `x ${result} ${bound}`,
  };
};

const factorisation: Kind = (whole) => {
  const [m, n, p, q] = [whole(1, 4), whole(1, 3), whole(-9, 9), whole(-9, 9)];
  const [a, b, c] = [m * n, m * q + n * p, p * q];
  if (b * c === 0 || gcd(m, p) > 1 || gcd(n, q) > 1 || (m === n && p === q)) return undefined;
  const [left, right] = [polynomial([m, p]), polynomial([n, q])];
  return {
    question: `分解因式：${polynomial([a, b, c])}`,
    steps: [
      `用十字相乘法：二次项系数 ${a} = ${m} × ${n}，常数项 ${c} = ${bracket(p)} × ${bracket(q)}。`,
      `交叉相乘再相加：${m} × ${bracket(q)} + ${n} × ${bracket(p)} = ${b}，正是一次项系数。`,
    ],
    answer: `(${left})(${right})`,
  };
};

const vertex: Kind = (whole) => {
  const [a, h, k] = [whole(-4, 4), whole(-6, 6), whole(-20, 20)];
  if (a === 0 || h === 0) return undefined;
  const [b, c] = [-2 * a * h, a * h * h + k];
  if (c === 0) return undefined;
  const [opening, extreme] = a > 0 ? ['开口向上', '最小值'] : ['开口向下', '最大值'];
  return {
    question: `求二次函数 y = ${polynomial([a, b, c])} 的顶点坐标和最值。`,
    steps: [
      `顶点的横坐标：-${bracket(b)} ÷ (2 × ${bracket(a)}) = ${h}。`,
      `代入得纵坐标：${bracket(a)} × ${bracket(h)}² + ${bracket(b)} × ${bracket(h)} + ${bracket(c)} = ${k}。`,
      `二次项系数是 ${a}，图象${opening}，所以顶点处取${extreme}。`,
    ],
    answer: `顶点 (${h}, ${k})，${extreme} ${k}`,
  };
};

// ---- geometry ----------------------------------------------------------------------------------------------------

const TRIPLES = [
  [3, 4, 5],
  [5, 12, 13],
  [8, 15, 17],
  [7, 24, 25],
  [20, 21, 29],
] as const;

const rightTriangle: Kind = (whole) => {
  const scale = whole(1, 6);
  const [a, b, c] = pick(whole, TRIPLES).map((side) => side * scale) as [number, number, number];
  const area = (a * b) / 2;
  return {
    question: `一个直角三角形的两条直角边长分别是 ${a} 厘米和 ${b} 厘米，求斜边的长和三角形的面积。`,
    steps: [
      `由勾股定理，斜边的平方是 ${a}² + ${b}² = ${a * a} + ${b * b} = ${c * c} = ${c}²，所以斜边长 ${c} 厘米。`,
      `面积：${a} × ${b} ÷ 2 = ${area}（平方厘米）。`,
    ],
    answer: `斜边 ${c} 厘米，面积 ${area} 平方厘米`,
  };
};

const segment: Kind = (whole) => {
  const [dx, dy, length] = pick(whole, TRIPLES.slice(0, 3));
  const [x, y] = [whole(-9, 9), whole(-9, 9)];
  const [u, v] = [x + pick(whole, [dx, -dx]), y + pick(whole, [dy, -dy])];
  return {
    question: `平面直角坐标系中有点 A(${x}, ${y}) 和 B(${u}, ${v})，求线段 AB 的长和 AB 中点的坐标。`,
    steps: [
      `长度的平方：(${u} - ${bracket(x)})² + (${v} - ${bracket(y)})² = ${dx * dx} + ${dy * dy} = ${length}²，所以 AB = ${length}。`,
      `中点的横坐标：(${x} + ${bracket(u)}) ÷ 2 = ${fraction(x + u, 2)}，纵坐标：(${y} + ${bracket(v)}) ÷ 2 = ${fraction(y + v, 2)}。`,
    ],
    answer: `AB = ${length}，中点 (${fraction(x + u, 2)}, ${fraction(y + v, 2)})`,
  };
};

// ---- sequences ---------------------------------------------------------------------------------------------------

const arithmeticSequence: Kind = (whole) => {
  const [first, difference, index, count] = [whole(-15, 20), whole(-6, 9), whole(4, 12), whole(10, 40)];
  if (difference === 0) return undefined;
  const known = first + (index - 1) * difference;
  const last = first + (count - 1) * difference;
  const sum = ((first + last) * count) / 2;
  return {
    question: `一个等差数列的第 1 项是 ${first}，第 ${index} 项是 ${known}，求公差和前 ${count} 项的和。`,
    steps: [
      `公差：(${known} - ${bracket(first)}) ÷ (${index} - 1) = ${difference}。`,
      `第 ${count} 项：${first} + (${count} - 1) × ${bracket(difference)} = ${last}。`,
      `前 ${count} 项的和：(${first} + ${bracket(last)}) × ${count} ÷ 2 = ${sum}。`,
    ],
    answer: `公差 ${difference}，和 ${sum}`,
  };
};

const geometricSequence: Kind = (whole) => {
  const [first, ratio, count] = [whole(1, 9), pick(whole, [-3, -2, 2, 3, 4]), whole(4, 7)];
  const last = first * ratio ** (count - 1);
  const sum = (first - last * ratio) / (1 - ratio);
  return {
    question: `一个等比数列的首项是 ${first}，公比是 ${ratio}，求第 ${count} 项和前 ${count} 项的和。`,
    steps: [
      `第 ${count} 项是首项乘以公比的 ${count - 1} 次方：${first} × ${bracket(ratio ** (count - 1))} = ${last}。`,
      `前 ${count} 项的和：(${first} - ${bracket(last)} × ${bracket(ratio)}) ÷ (1 - ${bracket(ratio)}) = ${sum}。`,
    ],
    answer: `第 ${count} 项 ${last}，和 ${sum}`,
  };
};

// ---- counting and chance -----------------------------------------------------------------------------------------

const committees: Kind = (whole) => {
  const [boys, girls, chosen] = [whole(3, 7), whole(2, 6), whole(2, 4)];
  if (chosen > boys) return undefined;
  const people = boys + girls;
  const [all, without] = [choose(people, chosen), choose(boys, chosen)];
  return {
    question: `从 ${boys} 名男生和 ${girls} 名女生中选出 ${chosen} 人参加比赛，要求至少有 1 名女生，共有多少种选法？`,
    steps: [
      `从 ${people} 人中任选 ${chosen} 人，有 C(${people}, ${chosen}) = ${all} 种。`,
      `其中没有女生的，有 C(${boys}, ${chosen}) = ${without} 种。`,
      `所以共有 ${all} - ${without} = ${all - without} 种。`,
    ],
    answer: `${all - without} 种`,
  };
};

const evenNumbers: Kind = (whole) => {
  const digits = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9].filter((digit) => digit === 0 || whole(0, 1) === 1);
  const others = digits.length - 1;
  const even = digits.filter((digit) => digit % 2 === 0).length - 1;
  if (others < 3 || even === 0) return undefined;
  const [zero, rest] = [others * (others - 1), even * (others - 1) * (others - 1)];
  return {
    question: `用数字 ${digits.join('、')} 能组成多少个没有重复数字的三位偶数？`,
    steps: [
      `个位是 0：百位有 ${others} 种取法，十位有 ${others - 1} 种，共 ${others} × ${others - 1} = ${zero} 个。`,
      `个位是不为 0 的偶数，有 ${even} 种：百位不能是 0，有 ${others - 1} 种，十位有 ${others - 1} 种，共 ${even} × ${others - 1} × ${others - 1} = ${rest} 个。`,
      `合计 ${zero} + ${rest} = ${zero + rest} 个。`,
    ],
    answer: `${zero + rest} 个`,
  };
};

const balls: Kind = (whole) => {
  const [red, blue] = [whole(2, 9), whole(2, 9)];
  const total = red + blue;
  const [all, mixed] = [choose(total, 2), red * blue];
  const chance = fraction(mixed, all);
  const reduced = chance === `${mixed}/${all}` ? '' : ` = ${chance}`;
  return {
    question: `袋中有 ${red} 个红球和 ${blue} 个蓝球，除颜色外完全相同。从中随机摸出 2 个球，恰好一红一蓝的概率是多少？`,
    steps: [
      `从 ${total} 个球中摸出 2 个，有 ${total} × ${total - 1} ÷ 2 = ${all} 种等可能的结果。`,
      `一红一蓝的有 ${red} × ${blue} = ${mixed} 种。`,
      `概率是 ${mixed}/${all}${reduced}。`,
    ],
    answer: chance,
  };
};

const meanAndVariance: Kind = (whole) => {
  const data = [whole(1, 30), whole(1, 30), whole(1, 30), whole(1, 30), whole(1, 30)];
  const sum = data.reduce((total, value) => total + value, 0);
  if (sum % data.length !== 0) return undefined;
  const mean = sum / data.length;
  const squares = data.map((value) => (value - mean) ** 2);
  const square = squares.reduce((total, value) => total + value, 0);
  const variance = fraction(square, data.length);
  return {
    question: `求数据 ${data.join('、')} 的平均数和方差。`,
    steps: [
      `平均数：(${data.join(' + ')}) ÷ ${data.length} = ${mean}。`,
      `各数与平均数之差的平方和：${squares.join(' + ')} = ${square}。`,
      `方差：${square} ÷ ${data.length} = ${variance}。`,
    ],
    answer: `平均数 ${mean}，方差 ${variance}`,
  };
};

// ---- calculus ----------------------------------------------------------------------------------------------------

const derivative: Kind = (whole) => {
  const [a, b, c, d, x] = [whole(1, 5), whole(-6, 6), whole(-9, 9), whole(-9, 9), whole(-3, 4)];
  if (b * c * x === 0) return undefined;
  const slope = polynomial([3 * a, 2 * b, c]);
  const value = 3 * a * x * x + 2 * b * x + c;
  return {
    question: `求函数 f(x) = ${polynomial([a, b, c, d])} 的导数 f′(x)，并求 f′(${x})。`,
    steps: [
      `逐项求导，f′(x) = ${slope}。`,
      `代入 x = ${x}：${3 * a} × ${bracket(x)}² + ${bracket(2 * b)} × ${bracket(x)} + ${bracket(c)} = ${value}。`,
    ],
    answer: `f′(x) = ${slope}，f′(${x}) = ${value}`,
  };
};

const extrema: Kind = (whole) => {
  const [p, q, c] = [whole(-5, 3), whole(-3, 5), whole(-20, 20)];
  if (p >= q || p * q * (p + q) * c === 0 || (p + q) % 2 !== 0) return undefined;
  const [square, slope] = [(-3 * (p + q)) / 2, 3 * p * q];
  const value = (x: number) => x ** 3 + square * x * x + slope * x + c;
  const worked = (x: number) =>
    `f(${x}) = ${bracket(x)}³ + ${bracket(square)} × ${bracket(x)}² + ${bracket(slope)} × ${bracket(x)} + ${bracket(c)} = ${value(x)}`;
  return {
    question: `求函数 f(x) = ${polynomial([1, square, slope, c])} 的极大值和极小值。`,
    steps: [
      `f′(x) = ${polynomial([3, 2 * square, slope])}，令 f′(x) = 0，得 x = ${p} 或 x = ${q}。`,
      `f(x) 在 x < ${p} 时递增，在 ${p} < x < ${q} 时递减，在 x > ${q} 时递增。`,
      `极大值 ${worked(p)}，极小值 ${worked(q)}。`,
    ],
    answer: `x = ${p} 时极大值 ${value(p)}，x = ${q} 时极小值 ${value(q)}`,
  };
};

const KINDS: readonly Kind[] = [
  arithmetic,
  fractions,
  percentages,
  divisors,
  remainders,
  meeting,
  workTogether,
  chickensAndRabbits,
  linearEquation,
  linearSystem,
  quadraticEquation,
  inequality,
  factorisation,
  vertex,
  rightTriangle,
  segment,
  arithmeticSequence,
  geometricSequence,
  committees,
  evenNumbers,
  balls,
  meanAndVariance,
  derivative,
  extrema,
];

/** The file's text: a JSON list, one sample a line, the kinds in turn so that any part of it holds all of them. */
export function mathDataset(): string {
  const whole = wholeNumbers(20250803);
  const columns = KINDS.map((kind) => distinct(kind, whole));
  const rows = Array.from({ length: PROBLEMS_OF_A_KIND }, (_, row) => columns.map((column) => column[row]));
  return `[\n${rows
    .flat()
    .map((sample) => JSON.stringify(sample))
    .join(',\n')}\n]\n`;
}

function distinct(kind: Kind, whole: Whole): Sample[] {
  const samples = new Map<string, Sample>();
  while (samples.size < PROBLEMS_OF_A_KIND) {
    const problem = kind(whole);
    if (problem !== undefined) samples.set(problem.question, sample(problem));
  }
  return [...samples.values()];
}

function sample(problem: Problem): Sample {
  return {
    messages: [
      { role: 'user', content: problem.question },
      { role: 'assistant', content: [...problem.steps, `答案：${problem.answer}`].join('\n') },
    ],
  };
}

/** Numerical Recipes' 32-bit linear congruential generator; its upper bits are good enough to draw small numbers. */
function wholeNumbers(seed: number): Whole {
  let state = seed;
  return (low, high) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return low + Math.floor((state / 2 ** 32) * (high - low + 1));
  };
}

function pick<T>(whole: Whole, from: readonly T[]): T {
  return from[whole(0, from.length - 1)] as T;
}

function firstFrom(start: number, step: number, suits: (n: number) => boolean): number {
  let n = start;
  while (!suits(n)) n += step;
  return n;
}

function gcd(a: number, b: number): number {
  return b === 0 ? Math.abs(a) : gcd(b, a % b);
}

function lcm(a: number, b: number): number {
  return (a * b) / gcd(a, b);
}

function choose(n: number, k: number): number {
  return k === 0 ? 1 : (choose(n - 1, k - 1) * n) / k;
}

/** `3/4`, `-3/4` or `2`: in lowest terms. */
function fraction(numerator: number, denominator: number): string {
  const unit = gcd(numerator, denominator) * Math.sign(denominator);
  return denominator / unit === 1 ? `${numerator / unit}` : `${numerator / unit}/${denominator / unit}`;
}

/** Negative numbers in brackets, for use after an operator. */
function bracket(n: number): string {
  return n < 0 ? `(${n})` : `${n}`;
}

/** `+ 3` or `- 3`; a coefficient of one is left out. */
function signed(n: number): string {
  return `${n < 0 ? '-' : '+'} ${Math.abs(n) === 1 ? '' : Math.abs(n)}`;
}

/** `3x - 2y`. */
function pair(a: number, b: number): string {
  return `${polynomial([a, 0])} ${signed(b)}y`;
}

/** `2x³ - x + 4`, from the coefficients, highest power first. */
function polynomial(coefficients: readonly number[], variable = 'x'): string {
  const powers = ['', variable, `${variable}²`, `${variable}³`];
  let text = '';
  coefficients.forEach((coefficient, index) => {
    if (coefficient === 0) return;
    const power = powers[coefficients.length - 1 - index] as string;
    const size = Math.abs(coefficient) === 1 && power !== '' ? '' : `${Math.abs(coefficient)}`;
    const sign = coefficient < 0 ? '-' : '+';
    const lead = text === '' ? (sign === '-' ? '-' : '') : ` ${sign} `;
    text += `${lead}${size}${power}`;
  });
  return text;
}

if (require.main === module) writeFileSync(MATH_DATASET, mathDataset());
