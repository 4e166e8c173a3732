// Pictures of figures, drawn from the table beside them; without this the table says it all.
// @ts-check

/** @type {any} */
const Plot = Reflect.get(globalThis, "Plot");

/** The figures of a table's rows, as numbers by name. @param {HTMLElement} figure */
function rowsOf(figure) {
  const table = document.getElementById(figure.dataset.table ?? "");
  const rows = table ? [...table.querySelectorAll("tr[data-x]")] : [];
  return rows.map((row) => {
    const told = /** @type {HTMLElement} */ (row).dataset;
    return { x: Number(told.x), y: Number(told.y), low: Number(told.low), high: Number(told.high) };
  });
}

/** The risk after each card, and the limit it must come under. @param {HTMLElement} figure */
function drawRisk(figure) {
  const limit = Number(figure.dataset.limit);
  const least = Math.min(limit / 10, 0.001);
  const rows = rowsOf(figure).map((row) => ({ ...row, y: Math.max(row.y, least) }));
  const last = rows.at(-1)?.x ?? 0;
  /** @param {number} risk */
  const asRisk = (risk) => `${risk === least ? "≤ " : ""}${asShare(risk)}`;
  return {
    height: 260,
    marginLeft: 60,
    x: { label: "cards entered", grid: true },
    y: { type: "log", label: "risk", domain: [least, 1], tickFormat: asRisk, ticks: 4, grid: true },
    marks: [
      Plot.ruleY([limit], { stroke: "var(--warm)", strokeDasharray: "5 4" }),
      Plot.text([limit], { x: () => last, y: (/** @type {number} */ each) => each, text: () => `limit ${asShare(limit)}`, textAnchor: "end", dy: -8, fill: "var(--warm)" }),
      Plot.lineY(rows, { x: "x", y: "y", stroke: "var(--link)", strokeWidth: 2, curve: "step-after" }),
      Plot.dot(rows.slice(-1), { x: "x", y: "y", fill: "var(--link)", r: 4 }),
    ],
  };
}

/** How often tampering of each size is seen. @param {HTMLElement} figure */
function drawPower(figure) {
  const rows = rowsOf(figure);
  const never = Number(figure.dataset.limit);
  return {
    height: 190,
    marginLeft: 48,
    x: { type: "log", label: "share of the roll touched", tickFormat: asShare, ticks: 3, grid: true },
    y: { label: "seen", domain: [0, 1], tickFormat: asShare, ticks: 3, grid: true },
    marks: [
      Plot.areaY(rows, { x: "x", y1: "low", y2: "high", fill: "var(--link)", fillOpacity: 0.15 }),
      Plot.ruleY([never], { stroke: "var(--warm)", strokeDasharray: "4 3" }),
      Plot.lineY(rows, { x: "x", y: "y", stroke: "var(--link)", strokeWidth: 2 }),
      Plot.dot(rows, { x: "x", y: "y", fill: "var(--link)", r: 3 }),
    ],
  };
}

/** @param {number} share */
function asShare(share) {
  return `${Number((share * 100).toPrecision(2))} %`;
}

/** @type {Record<string, (figure: HTMLElement) => object>} */
const DRAWN = { risk: drawRisk, power: drawPower };

/** @param {HTMLElement} figure */
function draw(figure) {
  const options = DRAWN[figure.dataset.picture ?? ""];
  if (!options) return;
  // An empty figure has no width of its own.
  const width = Math.max(280, Math.min((figure.parentElement?.clientWidth ?? 0) - 32, 760));
  // The library writes a style element, which the page's policy forbids: in a document that is
  // shown nowhere it does no harm, and the page's own sheet says the same.
  const aside = document.implementation.createHTMLDocument("");
  const picture = Plot.plot({ ...options(figure), width, document: aside, ariaLabel: figure.dataset.says });
  for (const style of picture.querySelectorAll("style")) style.remove();
  // One picture with one sentence; its parts have no names of their own.
  for (const part of picture.querySelectorAll("[aria-label]")) part.removeAttribute("aria-label");
  picture.setAttribute("role", "img");
  figure.replaceChildren(document.adoptNode(picture));
}

if (Plot) {
  for (const figure of document.querySelectorAll("figure[data-picture]")) {
    if (figure instanceof HTMLElement) draw(figure);
  }
}
