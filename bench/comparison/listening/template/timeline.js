// The waveform of the reference, with the part that repeats and the place that plays.

const STEP_S = 0.05;
const DRAG_PX = 4; // less is a click

/** An element with attributes and children (nodes or text). */
function element(tag, attributes, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

function byId(id) {
  return document.getElementById(id);
}

/** A number as text, with a minus sign where others have a hyphen. */
function minus(number) {
  return String(number).replace("-", "−");
}

class Timeline {
  /** changed() is told that another part repeats. */
  constructor(player, changed) {
    this.player = player;
    this.changed = changed;
    this.box = byId("timeline");
    this.handles = [byId("loop-start"), byId("loop-end")];
    this.box.addEventListener("pointerdown", (event) => this.press(event));
    this.handles.forEach((handle, side) => {
      handle.addEventListener("keydown", (event) => this.nudge(event, side));
      handle.addEventListener("pointerdown", (event) => this.grab(event, side));
    });
    new ResizeObserver(() => this.drawWave()).observe(this.box);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.drawWave());
  }

  /** A new clip was loaded. */
  reset() {
    this.drawWave();
    this.showLoop();
  }

  /** Repeat from one second to another; at least as long as a loop must be. */
  setLoop(from, to, fixed = 0) {
    const { duration } = this.player;
    const least = Math.min(LEAST_LOOP_S, duration);
    let [a, b] = [Math.max(0, from), Math.min(duration, to)];
    if (b - a < least) {
      if (fixed === 0) a = Math.min(a, duration - least);
      b = fixed === 0 ? a + least : Math.max(b, least);
      a = fixed === 0 ? a : b - least;
    }
    this.player.setLoop(a, b);
    this.showLoop();
    this.changed();
  }

  whole() {
    this.setLoop(0, this.player.duration);
  }

  /** Begin (side 0) or end (side 1) the loop at the place that plays. */
  setEdge(side, seconds) {
    const [from, to] = this.player.loop;
    if (side === 0) this.setLoop(Math.min(seconds, to - LEAST_LOOP_S), to, 1);
    else this.setLoop(from, Math.max(seconds, from + LEAST_LOOP_S), 0);
  }

  secondsAt(event) {
    const bounds = this.box.getBoundingClientRect();
    const share = (event.clientX - bounds.left) / bounds.width;
    return Math.min(1, Math.max(0, share)) * this.player.duration;
  }

  press(event) {
    if (event.button !== 0 || this.handles.includes(event.target) || !this.player.duration) return;
    const from = this.secondsAt(event);
    let dragged = false;
    this.follow(event, (move) => {
      dragged ||= Math.abs(move.clientX - event.clientX) > DRAG_PX;
      if (!dragged) return;
      const to = this.secondsAt(move);
      this.setLoop(Math.min(from, to), Math.max(from, to), from <= to ? 0 : 1);
    }, () => {
      if (dragged) return;
      const [a, b] = this.player.loop;
      if (from < a || from >= b) this.whole();
      this.player.seek(from);
      this.showPlace();
    });
  }

  grab(event, side) {
    if (event.button !== 0) return;
    event.stopPropagation();
    this.follow(event, (move) => this.setEdge(side, this.secondsAt(move)), () => {});
  }

  /** Call moved for every move of this pointer until it is lifted. */
  follow(event, moved, done) {
    const target = event.currentTarget;
    target.setPointerCapture(event.pointerId);
    const stop = new AbortController();
    target.addEventListener("pointermove", moved, { signal: stop.signal });
    for (const name of ["pointerup", "pointercancel"]) {
      target.addEventListener(name, () => { stop.abort(); done(); }, { signal: stop.signal });
    }
  }

  nudge(event, side) {
    const way = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1 }[event.key];
    if (!way) return;
    event.preventDefault();
    this.setEdge(side, this.player.loop[side] + way * STEP_S * (event.shiftKey ? 10 : 1));
  }

  showLoop() {
    const { duration, loop: [from, to] } = this.player;
    const percent = (seconds) => `${(100 * seconds) / duration}%`;
    byId("region").style.left = percent(from);
    byId("region").style.right = percent(duration - to);
    [from, to].forEach((edge, side) => {
      const handle = this.handles[side];
      handle.style.left = percent(edge);
      handle.setAttribute("aria-valuemin", "0");
      handle.setAttribute("aria-valuemax", duration.toFixed(2));
      handle.setAttribute("aria-valuenow", edge.toFixed(2));
      handle.setAttribute("aria-valuetext", `${edge.toFixed(2)} seconds`);
    });
    const everything = to - from > duration - 1e-3;
    byId("loop-text").textContent = everything ? "repeats all" : `repeats ${from.toFixed(2)}–${to.toFixed(2)} s`;
    byId("whole").disabled = everything;
    this.showPlace();
  }

  showPlace() {
    const { duration, position } = this.player;
    byId("playhead").style.left = duration ? `${(100 * position) / duration}%` : "0";
    byId("time").textContent = `${position.toFixed(2)} s`;
  }

  /** One line for each pixel, from the lowest to the highest sample in it. */
  drawWave() {
    const buffer = this.player.buffers.at(-1);
    const canvas = byId("waveform");
    const ratio = window.devicePixelRatio || 1;
    const [width, height] = [this.box.clientWidth * ratio, this.box.clientHeight * ratio].map(Math.round);
    if (!buffer || !width) return;
    Object.assign(canvas, { width, height });
    const brush = canvas.getContext("2d");
    brush.fillStyle = getComputedStyle(this.box).color;
    const channels = Array.from({ length: buffer.numberOfChannels }, (_, c) => buffer.getChannelData(c));
    const peak = channels.reduce((most, data) => data.reduce((a, b) => Math.max(a, Math.abs(b)), most), 1e-3);
    for (let x = 0; x < width; x++) {
      const [first, last] = [x, x + 1].map((edge) => Math.floor((edge / width) * buffer.length));
      let [low, high] = [0, 0];
      for (const data of channels) {
        for (let i = first; i < last; i++) {
          low = Math.min(low, data[i]);
          high = Math.max(high, data[i]);
        }
      }
      const top = (0.5 - (0.46 * high) / peak) * height;
      brush.fillRect(x, top, 1, Math.max(ratio, (0.46 * (high - low) * height) / peak));
    }
  }
}
