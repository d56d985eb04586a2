/* Numbers as texts: sizes in three digits, exact numbers with separators, percents. */

const UNITS = [["TB", 1e12], ["GB", 1e9], ["MB", 1e6], ["kB", 1e3]];

export const sizeText = (bytes) => {
  for (const [unit, factor] of UNITS) {
    if (Math.abs(bytes) >= factor * 0.9995) return `${Number((bytes / factor).toPrecision(3))} ${unit}`;
  }
  return `${Math.round(bytes)} B`;
};

export const exact = (number) => number.toLocaleString("en-GB");

export const percentText = (percent) => `${Number(percent.toPrecision(percent < 1000 ? 4 : 3)).toLocaleString("en-GB")} %`;

export const plural = (count, word) => `${exact(count)} ${word}${count === 1 ? "" : "s"}`;

export const clamp = (value, least, most) => Math.max(least, Math.min(most, value));
