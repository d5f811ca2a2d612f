"use strict";
(() => {
  const last = Number(document.body.dataset.last);
  const drawn = [...document.querySelectorAll("svg [data-step]")];
  const sections = [...document.querySelectorAll("section.state")];
  const byId = (id) => document.getElementById(id);
  let now = last;
  let round = 1;  // of the cycle, if this is a lasso
  const loop = document.body.dataset.loop === undefined ? last : Number(document.body.dataset.loop);

  // What happens after the current step is faint; a message is there once it is sent.
  function show(step, follow = true) {
    now = Math.max(0, Math.min(last, step));
    if (now <= loop) round = 1;
    for (const part of drawn) {
      const sent = part.dataset.from;
      part.classList.toggle("later", Number(part.dataset.step) > now);
      part.classList.toggle("unborn", sent !== undefined && Number(sent) > now);
      if (part.tagName === "rect") part.classList.toggle("now", Number(part.dataset.step) === now);
    }
    for (const section of sections) section.hidden = Number(section.dataset.step) !== now;
    byId("where").textContent = `step ${now} of ${last}${round > 1 ? `, round ${round}` : ""}`;
    byId("said").textContent = sections[now].querySelector("h2").textContent;
    byId("first").disabled = byId("back").disabled = now === 0;
    byId("last").disabled = byId("on").disabled = now === last && loop === last;
    document.body.dataset.now = String(now);
    const ground = drawn.find((part) => part.tagName === "rect" && Number(part.dataset.step) === now);
    if (ground && follow) ground.scrollIntoView({ block: "nearest", inline: "nearest" });
    try {
      history.replaceState(null, "", `#${now}`);
    } catch {
      // a page from a place that has no history still steps
    }
  }

  // After the last step of a lasso comes the first of its cycle again, and before that, in a later round, the last.
  function on() {
    if (now < last || loop === last) return now + 1;
    round += 1;
    return loop + 1;
  }

  function back() {
    if (round === 1 || now > loop + 1) return now - 1;
    round -= 1;
    return last;
  }

  const moves = {
    ArrowRight: on, ArrowDown: on, " ": on, ArrowLeft: back, ArrowUp: back, Home: () => 0, End: () => last,
  };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || !(event.key in moves)) return;
    if (event.key === " " && event.target.closest("button")) return;
    event.preventDefault();
    show(event.key === " " && event.shiftKey ? back() : moves[event.key]());
  });
  byId("first").addEventListener("click", () => show(0));
  byId("back").addEventListener("click", () => show(back()));
  byId("on").addEventListener("click", () => show(on()));
  byId("last").addEventListener("click", () => show(last));
  document.querySelector("svg").addEventListener("click", (event) => {
    const part = event.target.closest("g.row, rect[data-step]");
    if (part) show(Number(part.dataset.step));
  });
  const asked = /^#(\d+)$/.exec(location.hash);
  show(asked ? Number(asked[1]) : last, asked !== null);
})();
