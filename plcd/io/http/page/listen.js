// Listening in: a WebSocket brings what plcd plays, an AudioWorklet plays it.

const HEADER_BYTES = 8; // rate and channels, little-endian

const button = document.getElementById("listen");
const volume = document.getElementById("volume");
const sound = document.getElementById("sound");

let current = null; // what is open while somebody listens
let rate = null; // of what is played, in hertz

// Called with the rate of what is played as soon as that is known.
export function offer(playedRate) {
  if (rate === playedRate) return;
  rate = playedRate;
  button.disabled = false;
  if (!current) sound.textContent = "off";
}

button.addEventListener("click", () => (current ? stop("off") : start()));
volume.addEventListener("input", () => { if (current) current.gain.gain.value = Number(volume.value); });

async function start() {
  const context = new AudioContext({ sampleRate: rate });
  const mine = { context, gain: context.createGain(), socket: null };
  current = mine;
  button.setAttribute("aria-pressed", "true");
  button.textContent = "Stop";
  sound.textContent = "starting";
  try {
    await context.audioWorklet.addModule("/player.js");
    await context.resume();
  } catch (error) {
    return stop(`this browser cannot: ${error.message}`, mine);
  }
  if (current !== mine) return undefined;
  const player = new AudioWorkletNode(context, "player", { numberOfInputs: 0, outputChannelCount: [2] });
  mine.gain.gain.value = Number(volume.value);
  player.connect(mine.gain).connect(context.destination);
  player.port.onmessage = ({ data }) => {
    if (current === mine) sound.textContent = data.gathering ? "gathering" : `listening, ${Math.round(1000 * data.held_s)} ms behind`;
  };
  mine.socket = new WebSocket(`ws://${location.host}/listen`);
  mine.socket.binaryType = "arraybuffer";
  mine.socket.onmessage = ({ data }) => {
    const header = new DataView(data);
    if (header.getUint32(0, true) !== context.sampleRate) return stop("the rate has changed", mine);
    const samples = new Float32Array(data, HEADER_BYTES).slice();
    player.port.postMessage({ channels: header.getUint32(4, true), samples }, [samples.buffer]);
    return undefined;
  };
  mine.socket.onclose = () => stop("ended: plcd has gone, or four listen already", mine);
  return undefined;
}

function stop(why, which = current) {
  if (which !== current || !current) return;
  current = null;
  which.socket?.close();
  which.context.close();
  button.setAttribute("aria-pressed", "false");
  button.textContent = "Listen";
  sound.textContent = why;
}
