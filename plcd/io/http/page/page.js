// Follows the daemon over a WebSocket: figures at the top, and the charts.

import { SPAN_S, drawBuffer, drawSpectrum, drawStrip } from "./charts.js";
import { offer } from "./listen.js";

const RETRY_MS = 1000;
const CONCEALED = ["refined", "interpolated", "predicted", "spliced", "silence"];

let points = [];
let spectrum = null;
let waiting = false; // for the next picture to be drawn

const show = (id, text) => { document.getElementById(id).textContent = text; };
const ms = (value) => `${value.toFixed(1)} ms`;
const sum = (counts, names) => names.reduce((total, name) => total + (counts[name] ?? 0), 0);
const percent = (part, whole) => (whole ? `${((100 * part) / whole).toFixed(2)} %` : "–");
const count = (value) => value.toLocaleString("en");

function connect() {
  const socket = new WebSocket(`ws://${location.host}/live`);
  socket.onmessage = ({ data }) => {
    const message = JSON.parse(data);
    if (message.history) points = message.history;
    if (message.point) points.push(message.point);
    if (message.stats) figures(message.stats);
    spectrum = message.spectrum ?? spectrum;
    if (message.spectrum) offer(message.spectrum.rate);
    while (points.length > 1 && points.at(-1).time - points[1].time > SPAN_S) points.shift();
    if (!waiting) {
      waiting = true;
      requestAnimationFrame(draw);
    }
  };
  socket.onclose = () => {
    say("no connection", "gone");
    setTimeout(connect, RETRY_MS);
  };
}

function draw() {
  waiting = false;
  if (points.length) {
    drawBuffer(points);
    drawStrip(points);
  }
  drawSpectrum(spectrum);
}

function say(state, kind = state) {
  const badge = document.getElementById("state");
  if (badge.textContent !== state) badge.textContent = state;
  badge.className = `state ${kind}`;
}

function figures(stats) {
  const { buffer, packets, frames, events, drift, source } = stats;
  say(stats.state);
  show("version", `plcd ${stats.version}`);
  show("source", source ? `${source.address}, ${source.format}, packets of ${source.packet_samples}, ${stats.predictor}` : "no source yet");
  show("latency", ms(buffer.latency_ms));
  show("latency-parts", ["depth", "resampler", "ring", "device"].filter((part) => buffer[`${part}_ms`])
    .map((part) => `${part} ${buffer[`${part}_ms`].toFixed(1)}`).join(" + ") || "\u00a0");
  show("level", ms(buffer.level_ms));
  show("depth", `of ${ms(buffer.depth_ms)}`);
  const lost = points.reduce((total, point) => total + point.packets.lost, 0);
  const expected = points.reduce((total, point) => total + sum(point.packets, Object.keys(point.packets)), 0);
  show("lost", percent(lost, expected));
  show("lost-all", `the last minute; ${count(packets.lost)} of ${count(packets.expected)} in all`);
  const concealed = points.reduce((total, point) => total + sum(point.frames, CONCEALED), 0);
  const played = points.reduce((total, point) => total + sum(point.frames, Object.keys(point.frames)), 0);
  show("concealed", percent(concealed, played));
  show("concealed-all", `of frames; ${count(sum(frames.by_origin, CONCEALED))} of ${count(frames.played)} in all`);
  show("drift", drift.ppm === null ? "–" : `${drift.ppm > 0 ? "+" : ""}${drift.ppm.toFixed(1)} ppm`);
  show("resampling", drift.resampling ? "resampled" : "not resampled");
  const trouble = events.underruns + events.missed_deadlines;
  show("trouble", count(trouble));
  show("trouble-parts", `${count(events.underruns)} underruns, ${count(events.missed_deadlines)} deadlines missed`);
  document.getElementById("trouble").closest("div").classList.toggle("alarm", trouble > 0 || events.device_lost);
}

window.addEventListener("resize", draw);
connect();
