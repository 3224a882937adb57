// Spectrograms, drawn from what was decoded.

const FFT_SIZE = 1024;
const TOP_HZ = 16000;
const RANGE_DB = 80;
const COLUMNS = 480;
const ROWS = 160;
const COLOURS = [[0, 0, 4], [87, 16, 110], [188, 55, 84], [249, 142, 9], [252, 255, 164]]; // stops of inferno

/** In place, radix 2, decimation in time. */
function fft(re, im) {
  const n = re.length;
  for (let i = 1, j = 0; i < n; i++) {
    let bit = n >> 1;
    for (; j & bit; bit >>= 1) j ^= bit;
    j ^= bit;
    if (i < j) {
      [re[i], re[j]] = [re[j], re[i]];
      [im[i], im[j]] = [im[j], im[i]];
    }
  }
  for (let size = 2; size <= n; size <<= 1) {
    const half = size >> 1;
    for (let k = 0; k < half; k++) {
      const cos = Math.cos((-2 * Math.PI * k) / size);
      const sin = Math.sin((-2 * Math.PI * k) / size);
      for (let a = k; a < n; a += size) {
        const b = a + half;
        const x = re[b] * cos - im[b] * sin;
        const y = re[b] * sin + im[b] * cos;
        re[b] = re[a] - x;
        im[b] = im[a] - y;
        re[a] += x;
        im[a] += y;
      }
    }
  }
}

/** Levels in dB (full-scale sine: 0), ROWS by COLUMNS, highest frequency first, of the channels' mean. */
function levels(buffer, from, to) {
  const channels = Array.from({ length: buffer.numberOfChannels }, (_, c) => buffer.getChannelData(c));
  const hann = Float32Array.from({ length: FFT_SIZE }, (_, i) => 0.5 - 0.5 * Math.cos((2 * Math.PI * i) / FFT_SIZE));
  const topBin = Math.min(FFT_SIZE / 2, (TOP_HZ / buffer.sampleRate) * FFT_SIZE);
  const scale = 4 / FFT_SIZE / channels.length; // 2 for both halves of the spectrum, 2 for the window's mean
  const result = new Float32Array(ROWS * COLUMNS);
  const re = new Float32Array(FFT_SIZE);
  const im = new Float32Array(FFT_SIZE);
  for (let column = 0; column < COLUMNS; column++) {
    const middle = (from + ((column + 0.5) / COLUMNS) * (to - from)) * buffer.sampleRate;
    const first = Math.round(middle - FFT_SIZE / 2);
    for (let i = 0; i < FFT_SIZE; i++) {
      let sum = 0;
      for (const channel of channels) sum += channel[first + i] ?? 0;
      re[i] = sum * hann[i];
    }
    im.fill(0);
    fft(re, im);
    for (let row = 0; row < ROWS; row++) {
      const low = Math.floor(((ROWS - 1 - row) / ROWS) * topBin);
      const high = Math.max(low + 1, Math.floor(((ROWS - row) / ROWS) * topBin));
      let most = 0;
      for (let bin = low; bin < high; bin++) most = Math.max(most, Math.hypot(re[bin], im[bin]));
      result[row * COLUMNS + column] = 20 * Math.log10(most * scale + 1e-9);
    }
  }
  return result;
}

/** Paint levels, the brightest colour at topDb. */
function paint(canvas, decibels, topDb) {
  canvas.width = COLUMNS;
  canvas.height = ROWS;
  const picture = new ImageData(COLUMNS, ROWS);
  decibels.forEach((level, i) => {
    const share = Math.min(1, Math.max(0, 1 + (level - topDb) / RANGE_DB)) * (COLOURS.length - 1);
    const stop = Math.min(COLOURS.length - 2, Math.floor(share));
    for (let c = 0; c < 3; c++) {
      const [a, b] = [COLOURS[stop][c], COLOURS[stop + 1][c]];
      picture.data[4 * i + c] = a + (b - a) * (share - stop);
    }
    picture.data[4 * i + 3] = 255;
  });
  canvas.getContext("2d").putImageData(picture, 0, 0);
}

/** One picture for each buffer into the box, all in the scale of the first. */
function drawSpectrograms(box, buffers, captions, from, to) {
  let topDb = 0;
  const topHz = Math.min(TOP_HZ, buffers[0].sampleRate / 2);
  const figures = buffers.map((buffer, i) => {
    const decibels = levels(buffer, from, to);
    if (i === 0) topDb = decibels.reduce((a, b) => Math.max(a, b), -120);
    const canvas = element("canvas", { role: "img", "aria-label": `Spectrogram of ${captions[i]}` });
    paint(canvas, decibels, topDb);
    const scale = element("div", { class: "hertz numbers", "aria-hidden": "true" }, `${topHz / 1000} kHz`);
    return element("figure", {}, element("figcaption", {}, captions[i]), canvas, scale);
  });
  box.replaceChildren(...figures);
}
