/** A text in which nothing is missing: no empty quotes, no gap, no value that wasn't there. */
export const WHOLE = /^(?!.*(?:``|''| {2}|\bundefined\b|\bNaN\b))\S(?:.*\S)?$/s;
