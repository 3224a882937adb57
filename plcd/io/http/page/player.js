// Plays what it is sent, on the audio thread. A quarter of a second is gathered first; the browser's clock is not plcd's, so
// when more than twice that is waiting the rest is skipped, and when nothing is left it gathers again.

const GATHER_S = 0.25;
const MOST_S = 0.5;
const REPORT_S = 0.25;

class Player extends AudioWorkletProcessor {
  constructor() {
    super();
    this.blocks = []; // Float32Array, channels interleaved
    this.place = 0; // samples of the first block that were played
    this.held = 0; // samples of one channel
    this.channels = 1;
    this.gathering = true;
    this.untilReport = 0;
    this.port.onmessage = (event) => this.take(event.data);
  }

  take({ channels, samples }) {
    if (channels !== this.channels) this.forget();
    this.channels = channels;
    this.blocks.push(samples);
    this.held += samples.length / channels;
    if (this.held > MOST_S * sampleRate) this.drop(this.held - Math.round(GATHER_S * sampleRate));
    if (this.held >= GATHER_S * sampleRate) this.gathering = false;
  }

  forget() {
    this.blocks = [];
    this.place = this.held = 0;
    this.gathering = true;
  }

  drop(count) {
    for (let left = count; left > 0; left -= 1) this.next();
  }

  // Where the next sample of each channel begins in the first block.
  next() {
    if (this.place * this.channels >= this.blocks[0].length) {
      this.blocks.shift();
      this.place = 0;
    }
    this.held -= 1;
    this.place += 1;
    return (this.place - 1) * this.channels;
  }

  process(_, [outputs]) {
    for (let i = 0; i < outputs[0].length; i += 1) {
      if (this.held === 0) this.gathering = true;
      if (this.gathering) break;
      const at = this.next();
      outputs.forEach((output, c) => { output[i] = this.blocks[0][at + Math.min(c, this.channels - 1)]; });
    }
    this.untilReport -= outputs[0].length;
    if (this.untilReport <= 0) {
      this.untilReport = REPORT_S * sampleRate;
      this.port.postMessage({ held_s: this.held / sampleRate, gathering: this.gathering });
    }
    return true;
  }
}

registerProcessor("player", Player);
