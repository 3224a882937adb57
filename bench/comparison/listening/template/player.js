// Plays all recordings of a clip at once, in step, and lets one of them through.

const SWITCH_S = 0.005; // from one version to another, both adding up to 1: what they share is not touched
const EDGE_S = 0.005; // fade at the ends of a loop and where playing starts and stops
const START_S = 0.02; // from the click to the first sample: time for all sources to be ready
const SCHEDULE_S = 4; // fades are scheduled so far ahead: timers of hidden pages run once a second
const LEAST_LOOP_S = 0.5; // ITU-R BS.1534-3

class Player {
  /** heard(place, seconds, plays) is told what was listened to. Places count from A; the open reference has the last. */
  constructor(heard) {
    this.heard = heard;
    this.context = null;
    this.run = null;
    this.buffers = [];
    this.current = 0;
    this.volume = 1;
    setInterval(() => this.tick(), 200);
  }

  /**
   * Decode FLAC files (base64) of one clip. Place i plays the file order[i], the one place after these the first file.
   * Resolves to false when another clip was asked for meanwhile.
   */
  async load(files, rate, order) {
    this.stop();
    this.buffers = [];
    const asked = (this.asked = Symbol("load"));
    if (this.context?.sampleRate !== rate) {
      this.context?.close();
      this.context = newContext(rate);
      this.output = this.context.createGain();
      this.output.connect(this.context.destination);
      this.output.gain.value = this.volume;
    }
    const decoded = await Promise.all(files.map((file) => this.context.decodeAudioData(bytesOf(file))));
    if (this.asked !== asked) return false;
    this.buffers = [...order, 0].map((file) => decoded[file]);
    this.current = order.length;
    this.loop = [0, this.duration];
    this.paused = 0;
    return true;
  }

  get duration() {
    return this.buffers[0]?.duration ?? 0;
  }

  get playing() {
    return this.run !== null;
  }

  /** Seconds into the clip. */
  get position() {
    if (!this.run) return this.paused;
    const [from, to] = this.run.loop;
    const passed = Math.max(0, this.context.currentTime - this.run.start);
    return from + ((this.run.offset - from + passed) % (to - from));
  }

  /** Let this place through, and no other. */
  select(place) {
    if (place === this.current) return;
    this.account();
    this.current = place;
    if (!this.run) return;
    const now = this.context.currentTime;
    this.run.gains.forEach((gain, i) => {
      // Exponential with a common time constant: the sum stays 1, also when switched again half-way.
      gain.gain.setTargetAtTime(i === place ? 1 : 0, now, SWITCH_S / 3);
    });
    this.heard(place, 0, 1);
  }

  async play() {
    if (this.run || !this.buffers.length) return;
    const asked = (this.wanted = Symbol("play"));
    await this.context.resume();
    if (this.wanted !== asked || this.run || !this.buffers.length) return;
    this.begin(this.paused);
    this.heard(this.current, 0, 1);
  }

  stop() {
    this.wanted = null;
    if (!this.run) return;
    this.paused = this.position;
    this.end();
  }

  /** Go on from there; into the loop if it is outside. */
  seek(seconds) {
    const [from, to] = this.loop ?? [0, 0];
    this.paused = seconds >= from && seconds < to ? seconds : from;
    if (this.run) {
      this.end();
      this.begin(this.paused);
    }
  }

  /** Repeat this part; the position is kept where it lies inside. */
  setLoop(from, to) {
    const { position } = this;
    const rate = this.context.sampleRate;
    this.loop = [from, to].map((edge) => Math.round(edge * rate) / rate);
    this.seek(position);
  }

  setVolume(gain) {
    this.volume = gain;
    this.output?.gain.setTargetAtTime(gain, this.context.currentTime, 0.01);
  }

  begin(offset) {
    const start = this.context.currentTime + START_S;
    const envelope = this.context.createGain();
    envelope.connect(this.output);
    envelope.gain.setValueAtTime(0, this.context.currentTime);
    envelope.gain.setValueAtTime(0, start);
    envelope.gain.linearRampToValueAtTime(1, start + EDGE_S);
    const [loopStart, loopEnd] = this.loop;
    const gains = [];
    const sources = this.buffers.map((buffer, i) => {
      const gain = this.context.createGain();
      gain.gain.value = i === this.current ? 1 : 0;
      gain.connect(envelope);
      gains.push(gain);
      const source = this.context.createBufferSource();
      Object.assign(source, { buffer, loop: true, loopStart, loopEnd });
      source.connect(gain);
      source.start(start, offset);
      return source;
    });
    const wrap = start + loopEnd - offset;
    this.run = { start, offset, loop: this.loop, envelope, gains, sources, wrap, counted: start };
    this.fadeWraps();
  }

  end() {
    this.account();
    const { envelope, sources } = this.run;
    const now = this.context.currentTime;
    envelope.gain.cancelScheduledValues(now);
    envelope.gain.setTargetAtTime(0, now, EDGE_S / 3);
    for (const source of sources) source.stop(now + 4 * EDGE_S);
    sources[0].onended = () => envelope.disconnect();
    this.run = null;
  }

  tick() {
    if (!this.run) return;
    this.account();
    this.fadeWraps();
  }

  /** Count the time since the last call for the place that was heard. */
  account() {
    if (!this.run) return;
    const passed = this.context.currentTime - this.run.counted;
    if (passed <= 0) return;
    this.run.counted += passed;
    this.heard(this.current, passed, 0);
  }

  /** Fade out and in where the loop starts over, for all such times that come soon. */
  fadeWraps() {
    const { run } = this;
    const horizon = this.context.currentTime + SCHEDULE_S;
    for (; run.wrap < horizon; run.wrap += run.loop[1] - run.loop[0]) {
      if (run.wrap - EDGE_S <= Math.max(this.context.currentTime, run.start + EDGE_S)) continue;
      run.envelope.gain.setValueAtTime(1, run.wrap - EDGE_S);
      run.envelope.gain.linearRampToValueAtTime(0, run.wrap);
      run.envelope.gain.linearRampToValueAtTime(1, run.wrap + EDGE_S);
    }
  }
}

/** At the clip's own rate, so that nothing is resampled before the device; else at the device's. */
function newContext(rate) {
  try {
    return new AudioContext({ sampleRate: rate, latencyHint: "interactive" });
  } catch {
    return new AudioContext();
  }
}

function bytesOf(base64) {
  const text = atob(base64);
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  return bytes.buffer;
}
