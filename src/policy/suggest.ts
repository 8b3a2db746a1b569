/** "Did you mean": the known word that a mistyped one is closest to. */

/** The closest known word within a third of its length, or undefined. */
export function closest(word: string, known: readonly string[]): string | undefined {
  // Far longer than any key: nothing is close to it, and the distance is quadratic.
  if (word.length > 100) return undefined;
  const ranked = known
    .map((candidate) => ({ candidate, distance: editDistance(word, candidate) }))
    .filter(({ candidate, distance }) => distance <= Math.max(2, candidate.length / 3))
    .sort((left, right) => left.distance - right.distance);
  return ranked[0]?.candidate;
}

/** Levenshtein distance: insertions, deletions and substitutions of one character. */
function editDistance(left: string, right: string): number {
  let previous = Array.from({ length: right.length + 1 }, (_, index) => index);
  for (let row = 1; row <= left.length; row++) {
    const current = [row];
    for (let column = 1; column <= right.length; column++) {
      const substituted = left[row - 1] === right[column - 1] ? 0 : 1;
      current[column] = Math.min(
        (previous[column] ?? 0) + 1,
        (current[column - 1] ?? 0) + 1,
        (previous[column - 1] ?? 0) + substituted,
      );
    }
    previous = current;
  }
  return previous[right.length] ?? 0;
}
