// The order in which things are heard: all of it follows from one 32-bit seed.

/** Mulberry32 by Tommy Ettinger: a generator of numbers in [0, 1). */
function generator(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** The numbers below count in random order (Fisher and Yates, from the last place down). */
function shuffled(count, random) {
  const order = Array.from({ length: count }, (_, i) => i);
  for (let i = count - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [order[i], order[j]] = [order[j], order[i]];
  }
  return order;
}

/** clips: which clip comes when. stimuli[clip]: which recording stands behind A, B, C and so on. */
function makePlan(seed, clipCount, stimulusCount) {
  const random = generator(seed);
  const clips = shuffled(clipCount, random);
  const stimuli = clips.map(() => shuffled(stimulusCount, random));
  return { clips, stimuli };
}

function newSeed() {
  return crypto.getRandomValues(new Uint32Array(1))[0];
}

function labelOf(place) {
  return String.fromCharCode(65 + place);
}
