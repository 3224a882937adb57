// Draws the last minute, and the spectrum, on canvases. Colours are those of page.css.

export const SPAN_S = 60;
const LEFT = 56;
const RIGHT = 8;
const FLOOR_DB = -100;
const LOWEST_HZ = 30;
const HIGHEST_HZ = 20000;
const PACKETS = [["lost", "--loss"], ["late", "--late"], ["recovered", "--recovered"]];
const ORIGINS = ["received", "refined", "interpolated", "predicted", "spliced", "silence", "idle"];

// An empty canvas as wide as the page lets it, sharp on any screen.
function prepare(id) {
  const canvas = document.getElementById(id);
  const ratio = window.devicePixelRatio || 1;
  const width = canvas.clientWidth;
  const height = Number(canvas.dataset.height ||= canvas.getAttribute("height"));
  if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(height * ratio);
    canvas.style.height = `${height}px`;
  }
  const context = canvas.getContext("2d");
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, width, height);
  const style = getComputedStyle(document.documentElement);
  const colour = (name) => style.getPropertyValue(name).trim();
  context.font = "11px system-ui, sans-serif";
  return { context, width, height, colour };
}

// 1, 2 or 5 times a power of ten, not below the value.
function round(value) {
  const power = 10 ** Math.floor(Math.log10(value));
  return [1, 2, 5, 10].map((n) => n * power).find((n) => n >= value);
}

function grid(chart, lines, bottom) {
  const { context, width, colour } = chart;
  context.strokeStyle = colour("--line");
  context.fillStyle = colour("--muted");
  context.lineWidth = 1;
  context.textAlign = "right";
  context.textBaseline = "middle";
  for (const [y, text] of lines) {
    context.beginPath();
    context.moveTo(LEFT, Math.round(y) + 0.5);
    context.lineTo(width - RIGHT, Math.round(y) + 0.5);
    context.stroke();
    context.fillText(text, LEFT - 6, y);
  }
  context.textBaseline = "top";
  for (let back = 0; bottom !== undefined && back <= SPAN_S; back += 15) {
    context.textAlign = back ? "center" : "right";
    context.fillText(back ? `−${back} s` : "now", width - RIGHT - ((width - LEFT - RIGHT) * back) / SPAN_S, bottom + 4);
  }
}

// Where a time is, from left to right.
function timeline(chart, points) {
  const inner = chart.width - LEFT - RIGHT;
  const now = points.at(-1).time;
  return (time) => LEFT + inner * (1 - (now - time) / SPAN_S);
}

export function drawBuffer(points) {
  const chart = prepare("buffer");
  const { context, height, colour } = chart;
  const bottom = height - 20;
  const top = round(Math.max(10, ...points.map((point) => Math.max(point.level_ms, point.depth_ms))));
  const y = (ms) => bottom - (bottom - 8) * (ms / top);
  grid(chart, [0, 0.5, 1].map((share) => [y(share * top), `${share * top} ms`]), bottom);
  const x = timeline(chart, points);
  for (const [key, name, dash] of [["depth_ms", "--ink", [5, 4]], ["level_ms", "--accent", []]]) {
    context.beginPath();
    points.forEach((point) => context.lineTo(Math.max(LEFT, x(point.time)), y(point[key])));
    context.strokeStyle = colour(name);
    context.lineWidth = 2; // a pixel of it is always whole
    context.setLineDash(dash);
    context.stroke();
  }
  context.setLineDash([]);
}

export function drawStrip(points) {
  const chart = prepare("strip");
  const { context, height, colour } = chart;
  const bottom = height - 20;
  const middle = bottom / 2;
  const x = timeline(chart, points);
  grid(chart, [[middle - 4, ""], [bottom, ""]], bottom);
  context.textAlign = "right";
  context.textBaseline = "middle";
  context.fillText("packets", LEFT - 4, middle / 2);
  context.fillText("played", LEFT - 4, middle + (bottom - middle) / 2);
  for (let i = 1; i < points.length; i += 1) {
    const left = Math.max(LEFT, x(points[i - 1].time));
    const wide = x(points[i].time) - left;
    if (wide > 0) {
      const expected = Object.values(points[i].packets).reduce((sum, n) => sum + n, 0);
      stack(PACKETS.map(([name, variable]) => [points[i].packets[name], variable]), expected, left, wide, middle - 4, middle - 8);
      const frames = ORIGINS.map((name) => [points[i].frames[name] ?? 0, `--${name}`]).reverse();
      stack(frames, frames.reduce((sum, [n]) => sum + n, 0), left, wide, bottom, bottom - middle - 4);
    }
  }
  // Shares of a column, from below; what happened at all is to be seen.
  function stack(parts, whole, left, wide, base, room) {
    let from = base;
    for (const [count, variable] of parts) {
      if (count > 0 && whole > 0) {
        const high = Math.max(3, (room * count) / whole);
        context.fillStyle = colour(variable);
        context.fillRect(left, Math.max(base - room, from - high), wide + 0.5, Math.min(high, room - (base - from)));
        from -= high;
      }
    }
  }
}

export function drawSpectrum(spectrum) {
  const chart = prepare("spectrum");
  const { context, width, height, colour } = chart;
  const bottom = height - 20;
  const y = (db) => bottom - (bottom - 8) * (1 - Math.min(0, Math.max(FLOOR_DB, db)) / FLOOR_DB);
  grid(chart, [0, -25, -50, -75, -100].map((db) => [y(db), `${db} dB`]));
  if (!spectrum) return;
  const highest = Math.min(HIGHEST_HZ, spectrum.rate / 2);
  const inner = width - LEFT - RIGHT;
  const step = inner / spectrum.levels_db.length;
  context.fillStyle = colour("--accent");
  spectrum.levels_db.forEach((db, i) => context.fillRect(LEFT + i * step, y(db), Math.max(1, step - 1), bottom - y(db)));
  context.fillStyle = colour("--muted");
  context.textAlign = "center";
  context.textBaseline = "top";
  for (const [hz, text] of [[100, "100 Hz"], [1000, "1 kHz"], [10000, "10 kHz"]]) {
    if (hz < highest) context.fillText(text, LEFT + (inner * Math.log(hz / LOWEST_HZ)) / Math.log(highest / LOWEST_HZ), bottom + 4);
  }
}
