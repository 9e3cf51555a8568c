import { PyBytes, PyFloat } from './parser/python';

/** How a loader turns the text of a scalar into a value. */
export interface ScalarRules {
  /** The value of a plain scalar without a tag; undefined for one the loader can't hold (a date, to 0.9.3). */
  resolve(text: string): unknown;
  /** The value of a scalar with one of YAML's own tags; undefined if there is none. */
  tagged(tag: string, text: string): unknown;
}

const BOOL = /^(?:yes|Yes|YES|no|No|NO|true|True|TRUE|false|False|FALSE|on|On|ON|off|Off|OFF)$/;
const NULL = /^(?:~|null|Null|NULL|)$/;
/** The length of `false`, the longest word that is no text. */
const LONGEST_WORD = 5;
const INT =
  /^(?:[-+]?0b[0-1_]+|[-+]?0[0-7_]+|[-+]?(?:0|[1-9][0-9_]*)|[-+]?0x[0-9a-fA-F_]+|[-+]?[1-9][0-9_]*(?::[0-5]?[0-9])+)$/;
/** YAML 1.1 in PyYAML: a dot is needed, and a sign after the e. */
const FLOAT =
  /^(?:[-+]?[0-9][0-9_]*\.[0-9_]*(?:[eE][-+][0-9]+)?|\.[0-9][0-9_]*(?:[eE][-+][0-9]+)?|[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+\.[0-9_]*|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$/;
/** What OmegaConf adds: `1e-4`, `1e4`, `1.0e4`. */
const OMEGACONF_FLOAT =
  /^(?:[-+]?[0-9]+(?:_[0-9]+)*\.[0-9_]*(?:[eE][-+]?[0-9]+)?|[-+]?[0-9]+(?:_[0-9]+)*[eE][-+]?[0-9]+|\.[0-9]+(?:_[0-9]+)*(?:[eE][-+][0-9]+)?)$/;
const DATE =
  /^(?:[0-9]{4}-[0-9]{2}-[0-9]{2}|[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:[Tt]|[ \t]+)[0-9]{1,2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]*)?(?:[ \t]*(?:Z|[-+][0-9]{1,2}(?::[0-9]{2})?))?)$/;

/** The rules of OmegaConf's loader (0.9.4 and later) or of PyYAML's (0.9.3). */
export function scalarRules(omegaconf: boolean): ScalarRules {
  return {
    resolve: (text) => resolve(text, omegaconf),
    tagged: (tag, text) => tagged(tag, text, omegaconf),
  };
}

function resolve(text: string, omegaconf: boolean): unknown {
  if (text === '') return null;
  const first = text.charCodeAt(0);
  const isNumberStart = (first >= 48 && first <= 57) || first === 43 || first === 45 || first === 46;
  if (!isNumberStart) {
    if (text.length > LONGEST_WORD) return text;
    if (BOOL.test(text)) return /^(?:y|t|on)/i.test(text);
    return NULL.test(text) ? null : text;
  }
  if (FLOAT.test(text) || (omegaconf && OMEGACONF_FLOAT.test(text))) return toFloat(text);
  if (INT.test(text)) return toInt(text);
  if (!omegaconf && DATE.test(text)) return undefined;
  return text;
}

function tagged(tag: string, text: string, omegaconf: boolean): unknown {
  switch (tag) {
    case 'str':
      return text;
    case '!':
      return resolve(text, omegaconf);
    case 'null':
      return null;
    case 'int':
      return INT.test(text) ? toInt(text) : undefined;
    case 'float':
      return FLOAT.test(text) || OMEGACONF_FLOAT.test(text) || INT.test(text) ? toFloat(text) : undefined;
    case 'bool':
      return BOOL.test(text) ? resolve(text, omegaconf) : undefined;
    case 'binary':
      return /^[A-Za-z0-9+/=\s]*$/.test(text) ? new PyBytes(text.replace(/\s/g, '')) : undefined;
    default:
      return undefined;
  }
}

function toFloat(text: string): number | PyFloat {
  const plain = text.replaceAll('_', '').toLowerCase();
  const sign = plain.startsWith('-') ? -1 : 1;
  const digits = plain.replace(/^[-+]/, '');
  let value: number;
  if (digits === '.inf') value = Infinity;
  else if (digits === '.nan') value = Number.NaN;
  else if (digits.includes(':')) value = base60(digits);
  else value = Number(digits);
  value *= sign;
  return Number.isInteger(value) ? new PyFloat(value) : value;
}

function toInt(text: string): number | bigint | undefined {
  const plain = text.replaceAll('_', '');
  const sign = plain.startsWith('-') ? -1 : 1;
  const digits = plain.replace(/^[-+]/, '');
  if (digits.includes(':')) return sign * base60(digits);
  if (/^0[bx]$/.test(digits)) return undefined;
  const isOctal = /^0\d/.test(digits);
  const value = isOctal ? Number.parseInt(digits, 8) : Number(digits);
  return Number.isSafeInteger(value) ? sign * value || 0 : BigInt(isOctal ? `0o${digits}` : digits) * BigInt(sign);
}

/** YAML 1.1 reads 1:30 as 90. */
function base60(digits: string): number {
  return digits.split(':').reduce((value, part) => value * 60 + Number(part), 0);
}
