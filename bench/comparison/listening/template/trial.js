// The page of one clip: buttons to listen, sliders to rate, and what is still missing.

const BANDS = ["bad", "poor", "fair", "good", "excellent"];
const HEARD_S = 0.5; // what counts as having listened

function bandOf(rating) {
  return BANDS[Math.min(BANDS.length - 1, Math.floor(rating / 20))];
}

class Trial {
  /** changed() is told that there is something to save. */
  constructor(about, changed) {
    this.reference = about.stimuli; // its place, after those of the versions
    this.changed = changed;
    this.record = null;
    this.ready = false;
    this.player = new Player((place, seconds, plays) => this.count(place, seconds, plays));
    this.timeline = new Timeline(this.player, () => this.drawPictures());
    this.rows = Array.from({ length: about.stimuli + 1 }, (_, place) => this.buildRow(place));
    const bands = BANDS.map((name, i) => element("span", {}, element("b", {}, name), ` ${20 * i}–${20 * i + 20}`));
    const gap = () => element("span", {});
    byId("board").append(
      ...this.rows[this.reference].cells,
      gap(), element("div", { class: "bands", "aria-hidden": "true" }, ...bands), gap(),
      ...this.rows.slice(0, -1).flatMap((row) => row.cells),
    );
    byId("play").addEventListener("click", () => this.toggle());
    byId("whole").addEventListener("click", () => this.timeline.whole());
    byId("reveal").addEventListener("click", () => this.reveal());
    const draw = () => {
      if (this.player.playing) this.timeline.showPlace();
      requestAnimationFrame(draw);
    };
    requestAnimationFrame(draw);
  }

  buildRow(place) {
    const open = place === this.reference;
    const label = open ? "Reference" : labelOf(place);
    const button = element("button", {
      type: "button", class: "stimulus", "aria-pressed": "false", "data-label": label,
      "aria-keyshortcuts": open ? "0" : label, "aria-label": open ? "Play the reference" : `Play ${label}`,
    }, label);
    button.addEventListener("click", () => this.listen(place));
    if (open) {
      const text = element("span", { class: "quiet open" }, "what was sent: 100 means no difference from this");
      return { label, button, cells: [button, text, element("span", {})] };
    }
    const slider = element("input", {
      type: "range", min: "0", max: "100", step: "1", "aria-label": `Rating of ${label}`, "data-label": label,
    });
    const value = element("span", { class: "rating", "aria-hidden": "true" });
    slider.addEventListener("input", () => this.rate(place));
    // A click on where the thumb already is makes no input event, and is a rating all the same.
    slider.addEventListener("click", () => this.rate(place));
    slider.addEventListener("keydown", (event) => event.key === "Enter" && this.rate(place));
    return { label, button, slider, value, cells: [button, element("div", { class: "scale" }, slider), value] };
  }

  /** Show a clip. order: the file behind each place. record: what the listener did so far. */
  async open(files, rate, order, record) {
    this.record = record;
    this.ready = false;
    byId("spectrograms").hidden = true;
    byId("pictures").replaceChildren();
    this.showRatings();
    if (!(await this.player.load(files, rate, order))) return;
    this.ready = true;
    this.timeline.reset();
    this.showPlaying();
    this.showMissing();
    this.drawPictures();
  }

  close() {
    this.player.stop();
    this.ready = false;
  }

  /** Switch to this place, and start if nothing plays. */
  async listen(place) {
    if (!this.ready) return;
    this.player.select(place);
    if (!this.player.playing) await this.player.play();
    this.showPlaying();
  }

  async toggle() {
    if (!this.ready) return;
    if (this.player.playing) this.player.stop();
    else await this.player.play();
    this.timeline.showPlace();
    this.showPlaying();
  }

  count(place, seconds, plays) {
    this.record.seconds[place] += seconds;
    this.record.plays[place] += plays;
    this.showMissing();
    this.changed();
  }

  rate(place) {
    if (this.record.locked) return;
    this.record.ratings[place] = Number(this.rows[place].slider.value);
    this.showRatings();
    this.changed();
  }

  /** Whether all was heard and rated. */
  get complete() {
    return !this.unheard().length && !this.unrated().length;
  }

  unheard() {
    return this.rows.filter((_, place) => this.record.seconds[place] < HEARD_S).map((row) => row.label);
  }

  unrated() {
    return this.rows.slice(0, -1).filter((_, place) => this.record.ratings[place] === null).map((row) => row.label);
  }

  showPlaying() {
    const { playing, current } = this.player;
    byId("play").textContent = playing ? "Pause" : "Play";
    this.rows.forEach(({ button }, place) => {
      button.setAttribute("aria-pressed", String(place === current));
      button.classList.toggle("sounding", playing && place === current);
    });
  }

  showRatings() {
    this.rows.slice(0, -1).forEach(({ slider, value }, place) => {
      const rating = this.record.ratings[place];
      slider.value = rating ?? 50;
      slider.disabled = this.record.locked;
      slider.classList.toggle("untouched", rating === null);
      slider.setAttribute("aria-valuetext", rating === null ? "not rated" : `${rating}, ${bandOf(rating)}`);
      value.replaceChildren(...(rating === null ? ["–"] : [element("b", {}, String(rating)), ` ${bandOf(rating)}`]));
    });
    this.showMissing();
  }

  showMissing() {
    const [unheard, unrated] = [this.unheard(), this.unrated()];
    const parts = [];
    if (unheard.length) parts.push(`Still to hear: ${unheard.join(", ")}.`);
    if (unrated.length) parts.push(`Still to rate: ${unrated.join(", ")}.`);
    const text = !this.ready ? "Loading…" : parts.join(" ") || `All heard and rated${this.record.locked ? "; ratings are locked" : ""}.`;
    if (byId("missing").textContent !== text) byId("missing").textContent = text;
    byId("next").disabled = !this.ready || !this.complete;
    byId("reveal").disabled = !this.ready || !this.complete || this.record.locked;
  }

  /** Spectrograms say more than ears do: once they are seen, ratings stay. */
  reveal() {
    if (!this.complete) return;
    this.record.locked = true;
    this.changed();
    this.showRatings();
    this.drawPictures();
    byId("spectrograms").scrollIntoView({ block: "nearest" });
  }

  /** If they may be seen: the part that repeats, the reference first. */
  drawPictures() {
    const show = this.ready && this.record.locked;
    byId("spectrograms").hidden = !show;
    clearTimeout(this.drawing);
    if (!show) return;
    const [from, to] = this.player.loop;
    byId("spectrogram-span").textContent = `${from.toFixed(2)} to ${to.toFixed(2)} s`;
    const captions = this.rows.map(({ label }, place) =>
      place === this.reference ? label : `${label}, rated ${this.record.ratings[place]}`);
    const referenceFirst = (list) => [list.at(-1), ...list.slice(0, -1)];
    const draw = () =>
      drawSpectrograms(byId("pictures"), referenceFirst(this.player.buffers), referenceFirst(captions), from, to);
    // At once, and then not for every step of a drag.
    if (byId("pictures").childElementCount) this.drawing = setTimeout(draw, 150);
    else draw();
  }
}
