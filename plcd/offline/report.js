// One of the three versions plays at a time; another takes over where the last one was.
(() => {
  const players = [...document.querySelectorAll("audio")];
  const playhead = document.querySelector(".playhead");
  const timeline = document.querySelector(".timeline");
  const seconds = Number(timeline.dataset.seconds);
  let current = players[1];

  const show = () => {
    playhead.style.left = `${(100 * current.currentTime) / seconds}%`;
    playhead.style.opacity = current.paused && !current.currentTime ? 0 : 1;
    if (current.currentTime >= (current.until ?? Infinity)) current.pause();
    if (!current.paused) requestAnimationFrame(show);
  };
  for (const player of players) {
    player.addEventListener("play", () => {
      if (player !== current) {
        if (!current.paused) player.currentTime = current.currentTime;
        current.pause();
        current = player;
      }
      show();
    });
    player.addEventListener("pause", () => { player.until = Infinity; });
    player.addEventListener("seeked", () => { if (player === current) show(); });
  }
  const play = (player, from, to) => {
    for (const other of players) if (other !== player) other.pause();
    player.until = to;
    player.currentTime = from;
    player.play();
  };
  timeline.addEventListener("click", (event) => {
    if (event.target.closest("a")) return;
    const box = timeline.getBoundingClientRect();
    play(current, (seconds * (event.clientX - box.left)) / box.width, Infinity);
  });
  for (const button of document.querySelectorAll("button[data-from]")) {
    button.addEventListener("click", () =>
      play(document.getElementById(button.dataset.player), Number(button.dataset.from), Number(button.dataset.to)));
  }
})();
