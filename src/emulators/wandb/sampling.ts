/** So many elements at random, in their order; all of them where there are no more. */
export function sample<T>(all: readonly T[], size: number, random: () => number): readonly T[] {
  if (all.length <= size) return all;
  let wanted = size;
  return all.filter((_, index) => {
    const taken = random() * (all.length - index) < wanted;
    if (taken) wanted -= 1;
    return taken;
  });
}
