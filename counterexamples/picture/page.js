"use strict";
(() => {
  const last = Number(document.body.dataset.last);
  const drawn = [...document.querySelectorAll("svg [data-step]")];
  const sections = [...document.querySelectorAll("section.state")];
  const byId = (id) => document.getElementById(id);
  let now = last;

  // What happens after the current step is faint; a message is there once it is sent.
  function show(step, follow = true) {
    now = Math.max(0, Math.min(last, step));
    for (const part of drawn) {
      const sent = part.dataset.from;
      part.classList.toggle("later", Number(part.dataset.step) > now);
      part.classList.toggle("unborn", sent !== undefined && Number(sent) > now);
      if (part.tagName === "rect") part.classList.toggle("now", Number(part.dataset.step) === now);
    }
    for (const section of sections) section.hidden = Number(section.dataset.step) !== now;
    byId("where").textContent = `step ${now} of ${last}`;
    byId("said").textContent = sections[now].querySelector("h2").textContent;
    byId("first").disabled = byId("back").disabled = now === 0;
    byId("last").disabled = byId("on").disabled = now === last;
    document.body.dataset.now = String(now);
    const ground = drawn.find((part) => part.tagName === "rect" && Number(part.dataset.step) === now);
    if (ground && follow) ground.scrollIntoView({ block: "nearest", inline: "nearest" });
    try {
      history.replaceState(null, "", `#${now}`);
    } catch {
      // a page from a place that has no history still steps
    }
  }

  const moves = {
    ArrowRight: () => now + 1, ArrowDown: () => now + 1, " ": () => now + 1,
    ArrowLeft: () => now - 1, ArrowUp: () => now - 1, Home: () => 0, End: () => last,
  };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || !(event.key in moves)) return;
    if (event.key === " " && event.target.closest("button")) return;
    event.preventDefault();
    show(event.key === " " && event.shiftKey ? now - 1 : moves[event.key]());
  });
  byId("first").addEventListener("click", () => show(0));
  byId("back").addEventListener("click", () => show(now - 1));
  byId("on").addEventListener("click", () => show(now + 1));
  byId("last").addEventListener("click", () => show(last));
  document.querySelector("svg").addEventListener("click", (event) => {
    const part = event.target.closest("g.row, rect[data-step]");
    if (part) show(Number(part.dataset.step));
  });
  const asked = /^#(\d+)$/.exec(location.hash);
  show(asked ? Number(asked[1]) : last, asked !== null);
})();
