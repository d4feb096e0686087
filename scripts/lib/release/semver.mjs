const syntax =
  /^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(?:-((?:0|[1-9]\d*|\d*[A-Za-z-][\dA-Za-z-]*)(?:\.(?:0|[1-9]\d*|\d*[A-Za-z-][\dA-Za-z-]*))*))?$/;

/** Semantic Versioning 2.0 without build metadata, which a container tag cannot hold. @param {string} text */
export const isVersion = (text) => syntax.test(text);

/**
 * Negative if `a` comes before `b`, 0 if they are equal (Semantic Versioning 2.0, §11).
 * @param {string} a
 * @param {string} b
 * @returns {number}
 */
export function compareVersions(a, b) {
  const [, ...left] = syntax.exec(a) ?? [];
  const [, ...right] = syntax.exec(b) ?? [];
  const numbers = [0, 1, 2].map((index) => Number(left[index]) - Number(right[index]));
  return numbers.find((difference) => difference !== 0) ?? comparePrereleases(left[3], right[3]);
}

function comparePrereleases(a, b) {
  if (a === undefined || b === undefined) return Number(a === undefined) - Number(b === undefined);
  const [left, right] = [a.split('.'), b.split('.')];
  for (let index = 0; index < Math.min(left.length, right.length); index++) {
    const difference = compareIdentifiers(left[index], right[index]);
    if (difference !== 0) return difference;
  }
  return left.length - right.length;
}

/** Numbers by value and before words. */
function compareIdentifiers(a, b) {
  const [left, right] = [a, b].map((text) => (/^\d+$/.test(text) ? Number(text) : undefined));
  if (left !== undefined && right !== undefined) return left - right;
  if (left !== undefined || right !== undefined) return left === undefined ? 1 : -1;
  return a === b ? 0 : a < b ? -1 : 1;
}
