// Parts of a page that change while it is open, and times in the reader's own zone.
// @ts-check

/** Write each time in the zone of this machine beside the one in UTC. @param {ParentNode} within */
function showLocalTimes(within) {
  for (const time of within.querySelectorAll("time[datetime]")) {
    const moment = new Date(time.getAttribute("datetime") ?? "");
    const next = time.nextElementSibling;
    if (Number.isNaN(moment.valueOf()) || (next && next.classList.contains("local"))) continue;
    if (new Date().getTimezoneOffset() === 0) continue;
    const local = document.createElement("span");
    local.className = "local";
    local.textContent = moment.toLocaleTimeString([], { timeZoneName: "short" });
    time.after(local);
  }
}

function listen() {
  const parts = [...document.querySelectorAll("[data-live]")];
  if (!parts.length) return;
  const stream = new EventSource("/live");
  for (const part of parts) {
    stream.addEventListener(part.getAttribute("data-live") ?? "", (event) => {
      const focused = document.activeElement;
      if (focused && part.contains(focused) && focused !== part) return; // not under one's hands
      const open = new DOMParser().parseFromString(event.data, "text/html");
      part.replaceChildren(...open.body.childNodes);
      showLocalTimes(part);
      part.classList.remove("fresh");
      requestAnimationFrame(() => part.classList.add("fresh"));
    });
  }
  addEventListener("pagehide", () => stream.close());
}

showLocalTimes(document);
listen();
