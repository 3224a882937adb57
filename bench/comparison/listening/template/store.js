// What must outlast a reload. A browser may refuse to keep anything, above all for pages opened as files.

class Store {
  constructor(id) {
    this.key = `listening-comparison-${id}`;
    this.works = false;
    try {
      localStorage.setItem(`${this.key}-probe`, "1");
      localStorage.removeItem(`${this.key}-probe`);
      this.works = true;
    } catch {
      // Kept in memory only then; the page says so.
    }
  }

  /** What was saved last, or null. */
  load() {
    try {
      return this.works ? JSON.parse(localStorage.getItem(this.key)) : null;
    } catch {
      return null;
    }
  }

  save(state) {
    if (!this.works) return;
    try {
      localStorage.setItem(this.key, JSON.stringify(state));
    } catch {
      this.works = false;
    }
  }
}

/** A visit that has just begun. A clip's lists have the versions by place, and then the open reference. */
function newVisit(about, listener, volumeDb) {
  const empty = (value) => Array.from({ length: about.stimuli + 1 }, () => value);
  return {
    seed: newSeed(),
    listener,
    volumeDb,
    step: -1, // the intro; then the clips in their order; then the results
    clips: about.clips.map(() => ({ ratings: empty(null), seconds: empty(0), plays: empty(0), locked: false })),
  };
}

/** Whether this can have been saved by this page. */
function isVisit(state, about) {
  const list = (value) => Array.isArray(value) && value.length === about.stimuli + 1;
  return (
    Number.isInteger(state?.seed) &&
    typeof state.listener === "string" &&
    Number.isInteger(state.step) &&
    state.step >= -1 &&
    state.step <= about.clips.length &&
    Array.isArray(state.clips) &&
    state.clips.length === about.clips.length &&
    state.clips.every((clip) => list(clip?.ratings) && list(clip.seconds) && list(clip.plays))
  );
}
