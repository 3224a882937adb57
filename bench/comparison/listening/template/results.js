// What comes out: rows for a CSV file, means by system, and a look at how the hidden reference was rated.

const COLUMNS_CSV = ["listener", "seed", "clip", "order", "label", "system", "rating", "seconds_listened", "plays"];
const SURE_RATING = 90; // ITU-R BS.1534-3, post-screening: the hidden reference below this ...
const MOST_UNSURE = 0.15; // ... in more than this share of the clips excludes a listener
const T_975 = [12.7062, 4.3027, 3.1824, 2.7764, 2.5706, 2.4469, 2.3646, 2.306, 2.2622, 2.2281]; // 1 to 10 degrees

/** One row for each version of each clip, in the order in which they were presented. */
function makeRows(about, visit, plan, systems) {
  return plan.clips.flatMap((clip, order) =>
    plan.stimuli[clip].map((recording, place) => ({
      listener: visit.listener,
      seed: visit.seed,
      clip: about.clips[clip].name,
      order: order + 1,
      label: labelOf(place),
      system: systems[recording],
      rating: visit.clips[clip].ratings[place],
      seconds_listened: visit.clips[clip].seconds[place].toFixed(1),
      plays: visit.clips[clip].plays[place],
    })),
  );
}

/** RFC 4180; a listener's name that a spreadsheet would take for a formula gets an apostrophe before it. */
function csvOf(rows) {
  const field = (value) => {
    const text = typeof value === "string" && /^[=+@\t\r-]/.test(value) ? `'${value}` : String(value);
    return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  return [COLUMNS_CSV, ...rows.map((row) => COLUMNS_CSV.map((name) => row[name]))]
    .map((values) => `${values.map(field).join(",")}\r\n`)
    .join("");
}

/** The 97.5 % point of Student's t: a table, then Abramowitz and Stegun 26.7.5. */
function studentT(degrees) {
  if (degrees <= T_975.length) return T_975[degrees - 1];
  const z = 1.959964;
  return (
    z +
    (z ** 3 + z) / (4 * degrees) +
    (5 * z ** 5 + 16 * z ** 3 + 3 * z) / (96 * degrees ** 2) +
    (3 * z ** 7 + 19 * z ** 5 + 17 * z ** 3 - 15 * z) / (384 * degrees ** 3)
  );
}

/** Mean and half the 95 % interval (null for a single value). */
function meanOf(values) {
  const mean = values.reduce((a, b) => a + b, 0) / values.length;
  if (values.length < 2) return { mean, half: null };
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1);
  return { mean, half: studentT(values.length - 1) * Math.sqrt(variance / values.length) };
}

/** What post-screening would say of this listener: [text, whether it excludes]. */
function screen(rows, reference) {
  const hidden = rows.filter((row) => row.system === reference);
  const unsure = hidden.filter((row) => row.rating < SURE_RATING);
  if (!unsure.length) return ["The hidden reference was rated 90 or more in every clip.", false];
  const outside = unsure.length / hidden.length > MOST_UNSURE;
  const text =
    `The hidden reference was rated below 90 in ${unsure.length} of ${hidden.length} ` +
    `clip${hidden.length > 1 ? "s" : ""} (${unsure.map((row) => row.clip).join(", ")}). ` +
    (outside
      ? "That is more than 15 %: ITU-R BS.1534-3 leaves such a listener's ratings out (post-screening)."
      : "Up to 15 % is within what ITU-R BS.1534-3 accepts (post-screening).");
  return [text, outside];
}

/** Fill the two tables of the results page. */
function showResults(about, visit, plan, names) {
  const rows = makeRows(about, visit, plan, names.systems);
  const [reference] = names.systems;
  const title = (system) =>
    system === reference ? "hidden reference" : system === names.anchor ? `${system} (anchor)` : system;
  const summary = names.systems
    .map((system) => ({ system, ...meanOf(rows.filter((row) => row.system === system).map((row) => row.rating)) }))
    .sort((a, b) => b.mean - a.mean);
  const head = (...cells) => element("thead", {}, element("tr", {}, ...cells));
  const column = (text, attributes = {}) => element("th", { scope: "col", ...attributes }, text);
  const number = (text) => element("td", { class: "numbers" }, text);

  byId("by-system").replaceChildren(
    head(column("System"), column("Mean", { class: "numbers" }), column("95 % interval", { class: "numbers" }),
      column("0 to 100")),
    element("tbody", {}, ...summary.map(({ system, mean, half }) => {
      const [low, high] = half === null ? [mean, mean] : [mean - half, mean + half];
      return element("tr", {},
        element("th", { scope: "row" }, title(system)),
        number(mean.toFixed(1)),
        number(half === null ? "–" : `${minus(low.toFixed(1))} to ${minus(high.toFixed(1))}`),
        element("td", { class: "axis" }, plotOf(mean, low, high)));
    })),
  );
  byId("by-clip").replaceChildren(
    head(column("Clip"), ...summary.map(({ system }) => column(title(system), { class: "numbers" }))),
    element("tbody", {}, ...plan.clips.map((clip) => {
      const { name } = about.clips[clip];
      const ratingOf = (system) => rows.find((row) => row.clip === name && row.system === system).rating;
      return element("tr", {}, element("th", { scope: "row" }, name),
        ...summary.map(({ system }) => number(String(ratingOf(system)))));
    })),
  );
  const [text, outside] = screen(rows, reference);
  byId("screening").textContent = text;
  byId("screening").classList.toggle("warning", outside);
  byId("seed-note").textContent = `Clips in the order in which they were heard. Seed of the shuffling: ${visit.seed}.`;
  return rows;
}

function hideResults() {
  for (const id of ["by-system", "by-clip", "screening", "seed-note"]) byId(id).replaceChildren();
}

/** A dot for the mean, a line for the interval. */
function plotOf(mean, low, high) {
  const plot = element("div", { class: "plot", "aria-hidden": "true" }, element("i", {}), element("b", {}));
  const [line, dot] = plot.children;
  line.style.left = `${Math.max(0, low)}%`;
  line.style.right = `${100 - Math.min(100, high)}%`;
  dot.style.left = `${mean}%`;
  return plot;
}

function saveCsv(rows, visit) {
  const blob = new Blob([csvOf(rows)], { type: "text/csv" });
  const address = URL.createObjectURL(blob);
  const who = visit.listener.replace(/[^\p{L}\p{N}]+/gu, "-").replace(/^-|-$/g, "") || "anonymous";
  element("a", { href: address, download: `listening-${who}-${visit.seed}.csv` }).click();
  setTimeout(() => URL.revokeObjectURL(address), 10000);
}
