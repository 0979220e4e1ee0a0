/** The seed of a law's run: another one each time, printed, unless `TAPIO_LAW_SEED` says which. */
export function lawSeed(law: string): number {
  const given = process.env.TAPIO_LAW_SEED;
  const seed = given === undefined ? Math.floor(Math.random() * 2 ** 31) : Number(given);
  console.log(`${law}: seed ${seed}`);
  return seed;
}
