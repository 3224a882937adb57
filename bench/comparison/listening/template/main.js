// One visit: the intro, the clips in their shuffled order, the results.

const unseal = (id) => JSON.parse(new TextDecoder().decode(bytesOf(byId(id).textContent)));

const about = unseal("about");
const store = new Store(about.id);
const saved = store.load();
let visit = isVisit(saved, about) ? saved : newVisit(about, "", -6);
let plan = makePlan(visit.seed, about.clips.length, about.stimuli);
let rows = [];
const save = () => store.save(visit);
const trial = new Trial(about, save);

function alertWith(text) {
  byId("alert").textContent = text;
  byId("alert").hidden = false;
}

/** Show what belongs to the step the visit is at; focus its heading if the listener came here by a button. */
async function show(focus) {
  const { step } = visit;
  const count = about.clips.length;
  const name = step < 0 ? "intro" : step < count ? "trial" : "results";
  for (const id of ["intro", "trial", "results"]) byId(id).hidden = id !== name;
  trial.close();
  save();
  byId("progress").textContent = name === "trial" ? `Clip ${step + 1} of ${count}` : "";
  scrollTo(0, 0);
  hideResults(); // names stand in a page only while it shows them
  if (name === "results") {
    rows = showResults(about, visit, plan, unseal("sealed"));
    byId("results-title").focus();
  }
  if (name !== "trial") return;
  const clip = plan.clips[step];
  byId("clip-title").textContent = about.clips[clip].name;
  byId("back").disabled = step === 0;
  byId("next").textContent = step + 1 < count ? "Next" : "Finish";
  if (focus) byId("clip-title").focus();
  try {
    const files = JSON.parse(byId(`audio-${clip}`).textContent);
    await trial.open(files, about.clips[clip].rate, plan.stimuli[clip], visit.clips[clip]);
  } catch (error) {
    alertWith(`This browser cannot decode the clip (${error.message || error.name}). Current Chrome, Firefox and Safari can.`);
  }
}

function go(step) {
  visit.step = step;
  show(true);
}

function setVolume(decibels) {
  visit.volumeDb = decibels;
  byId("volume").value = decibels;
  byId("volume-text").textContent = `${minus(decibels)} dB`;
  byId("volume").setAttribute("aria-valuetext", `${decibels} decibels`);
  trial.player.setVolume(10 ** (decibels / 20));
  save();
}

/** Space, 0, letters, brackets and Escape; not while a text is typed or with Ctrl, Alt or Meta. */
function onKey(event) {
  if (byId("trial").hidden || event.ctrlKey || event.altKey || event.metaKey) return;
  const key = event.key.toLowerCase();
  const place = key === "0" ? trial.reference : key.length === 1 ? key.charCodeAt(0) - 97 : -1;
  if (key === " ") {
    // On other buttons the key does what it does everywhere.
    if (event.target.matches("button:not(.stimulus, #play)")) return;
    trial.toggle();
  } else if (place >= 0 && place <= trial.reference && !(place === trial.reference && key !== "0")) {
    trial.listen(place);
    trial.rows[place].slider?.focus();
  } else if (key === "[" || key === "]") {
    if (trial.ready) trial.timeline.setEdge(key === "[" ? 0 : 1, trial.player.position);
  } else if (key === "escape") {
    if (trial.ready) trial.timeline.whole();
  } else {
    return;
  }
  event.preventDefault();
}

byId("intro-count").textContent = about.clips.length === 1 ? "one clip" : `${about.clips.length} clips`;
byId("storage-note").textContent = store.works
  ? "What you rate is kept in this browser until you start over: a reload loses nothing."
  : "This browser keeps nothing for this page: do not reload or close it before the end.";
byId("listener").value = visit.listener;
byId("begin").addEventListener("submit", (event) => {
  event.preventDefault();
  visit.listener = byId("listener").value.trim();
  go(0);
});
byId("next").addEventListener("click", () => trial.complete && go(visit.step + 1));
byId("back").addEventListener("click", () => go(visit.step - 1));
byId("volume").addEventListener("input", () => setVolume(Number(byId("volume").value)));
byId("download").addEventListener("click", () => saveCsv(rows, visit));
byId("again").addEventListener("click", () => {
  if (!confirm("Start over? The ratings of this visit are lost unless you saved them.")) return;
  visit = newVisit(about, visit.listener, visit.volumeDb);
  plan = makePlan(visit.seed, about.clips.length, about.stimuli);
  show(true);
});
document.addEventListener("keydown", onKey);
// Space on a button acts on release: it has paused already.
document.addEventListener("keyup", (event) => {
  if (event.key === " " && event.target.matches?.(".stimulus, #play")) event.preventDefault();
});
setVolume(Number.isFinite(visit.volumeDb) ? visit.volumeDb : -6);
show(false);
