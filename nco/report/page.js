// Links the map, the table and the timetable of each result. Everything shown is already in the page:
// this only highlights, zooms and finds. Text goes in through textContent, never as markup.
"use strict";
const tip = document.getElementById("tip");

function showTip(x, y, title, lines) {
  tip.replaceChildren();
  const head = document.createElement("b");
  head.textContent = title;
  tip.append(head);
  for (const line of lines) {
    const row = document.createElement("div");
    row.textContent = line;
    tip.append(row);
  }
  tip.hidden = false;
  const right = x + 16 + tip.offsetWidth > innerWidth ? x - 16 - tip.offsetWidth : x + 16;
  tip.style.left = Math.max(6, right) + "px";
  tip.style.top = Math.max(6, Math.min(y + 16, innerHeight - tip.offsetHeight - 6)) + "px";
}

function connect(result) {
  const svg = result.querySelector(".map svg");
  const groups = [...svg.querySelectorAll(".route")];
  const details = [...result.querySelectorAll("details[data-r]")];
  const strips = [...result.querySelectorAll(".strip[data-r]")];
  const rows = details.map((one) => [...one.querySelectorAll("tr.c")]);
  const stops = groups.flatMap((group, r) =>
    [...group.querySelectorAll(".stop")].map((dot, k) => {
      const [x, y] = dot.getAttribute("d").slice(1, -2).split(" ").map(Number);
      return { x, y, r, k, dot, row: rows[r][k] };
    }));
  let at = null;

  function highlight(r) {
    svg.classList.toggle("dim", r !== null);
    [groups, details, strips].forEach((all) => all.forEach((one, k) => one.classList.toggle("on", k === r)));
    if (r !== null) groups[r].parentNode.insertBefore(groups[r], svg.querySelector(":scope > .missing, :scope > .depot"));
  }

  function mark(stop) {
    if (at) [at.dot, at.row].forEach((one) => one.classList.remove("at"));
    at = stop;
    if (at) [at.dot, at.row].forEach((one) => one.classList.add("at"));
  }

  function describe(stop, x, y) {
    const cells = [...stop.row.cells].map((cell) => cell.textContent);
    const names = [...stop.row.closest("table").tHead.rows[0].cells].map((cell) => cell.textContent);
    const facts = names.slice(2).map((name, k) => `${name} ${cells[k + 2]}`);
    showTip(x, y, cells[1], [`Route ${stop.r + 1}, stop ${cells[0]}`, ...facts]);
  }

  function nearest(event, reach) {
    const scale = svg.getScreenCTM();
    let best = null, least = reach * reach;
    for (const stop of stops) {
      const dx = stop.x * scale.a + scale.e - event.clientX, dy = stop.y * scale.d + scale.f - event.clientY;
      if (dx * dx + dy * dy < least) [best, least] = [stop, dx * dx + dy * dy];
    }
    return best;
  }

  function point(event) {
    const stop = nearest(event, event.pointerType === "touch" ? 24 : 12);
    const group = event.target.closest(".route");
    const r = stop ? stop.r : group ? Number(group.dataset.r) : null;
    mark(stop);
    highlight(r);
    if (stop) describe(stop, event.clientX, event.clientY);
    else if (r !== null) showTip(event.clientX, event.clientY, `Route ${r + 1}`, [`${rows[r].length} stops`]);
    else tip.hidden = true;
    return r;
  }

  function leave() {
    mark(null);
    highlight(null);
    tip.hidden = true;
  }

  // zoom and move: the view box is all the state
  const whole = svg.viewBox.baseVal, home = [whole.x, whole.y, whole.width, whole.height];
  let view = [...home], drag = null;
  function show(next) {
    const width = Math.min(home[2], Math.max(home[2] / 40, next[2])), height = width * home[3] / home[2];
    view = [
      Math.min(home[2] - width, Math.max(0, next[0])), Math.min(home[3] - height, Math.max(0, next[1])), width, height,
    ];
    svg.setAttribute("viewBox", view.join(" "));
    svg.classList.toggle("zoomed", width < home[2]);
  }
  function zoom(factor, fx = 0.5, fy = 0.5) {
    show([view[0] + view[2] * fx * (1 - factor), view[1] + view[3] * fy * (1 - factor), view[2] * factor]);
  }
  result.querySelectorAll("[data-zoom]").forEach((button) => button.addEventListener("click", () =>
    button.dataset.zoom === "all" ? show(home) : zoom(button.dataset.zoom === "in" ? 0.6 : 1 / 0.6)));
  svg.addEventListener("wheel", (event) => {
    if (!event.ctrlKey && !event.metaKey && view[2] === home[2]) return; // a plain wheel scrolls the page
    event.preventDefault();
    const box = svg.getBoundingClientRect();
    zoom(event.deltaY < 0 ? 0.8 : 1.25, (event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height);
  }, { passive: false });
  svg.addEventListener("dblclick", (event) => {
    const box = svg.getBoundingClientRect();
    zoom(0.5, (event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height);
  });
  svg.addEventListener("pointerdown", (event) => {
    drag = { x: event.clientX, y: event.clientY, view: [...view], moved: false };
  });
  svg.addEventListener("pointermove", (event) => {
    if (!drag || view[2] === home[2]) return point(event);
    const scale = svg.getScreenCTM().a;
    drag.moved ||= Math.hypot(event.clientX - drag.x, event.clientY - drag.y) > 4;
    if (drag.moved) show([drag.view[0] - (event.clientX - drag.x) / scale, drag.view[1] - (event.clientY - drag.y) / scale, view[2]]);
  });
  svg.addEventListener("pointerup", (event) => {
    const moved = drag && drag.moved;
    drag = null;
    const r = moved ? null : point(event);
    if (r === null || event.pointerType === "touch") return;
    details[r].open = true;
    reveal(at ? at.row : details[r]);
  });
  svg.addEventListener("pointerleave", () => { drag = null; leave(); });

  function reveal(target) {
    const panel = result.querySelector(".routes");
    if (panel.scrollHeight > panel.clientHeight)
      panel.scrollTo({ top: target.getBoundingClientRect().top - panel.getBoundingClientRect().top + panel.scrollTop - 150 });
  }

  // the table and the timetable light up the map
  [...details, ...strips].forEach((one) => {
    const r = Number(one.dataset.r);
    one.addEventListener("pointerenter", () => highlight(r));
    one.addEventListener("pointerleave", leave);
    one.addEventListener("focusin", () => highlight(r));
    one.addEventListener("focusout", leave);
  });
  stops.forEach((stop) => {
    stop.row.addEventListener("pointerenter", () => mark(stop));
    stop.row.addEventListener("pointerleave", () => mark(null));
  });

  result.querySelector(".routes input").addEventListener("input", (event) => {
    const wanted = event.target.value.trim().toLowerCase();
    const name = (stop) => stop.row.cells[1].textContent.toLowerCase();
    const found = wanted && (stops.find((stop) => name(stop) === wanted) || stops.find((stop) => name(stop).includes(wanted)));
    leave();
    if (!found) return;
    details[found.r].open = true;
    highlight(found.r);
    mark(found);
    reveal(found.row);
  });
}

document.querySelectorAll(".result").forEach(connect);
addEventListener("scroll", () => { tip.hidden = true; }, { passive: true });
