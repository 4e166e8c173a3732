// Keyboard: g and a letter leads to a page, / to the search, ? lists them.
// @ts-check

let waiting = false;

/** @param {EventTarget | null} target */
function isWriting(target) {
  return target instanceof HTMLElement && (target.isContentEditable || ["INPUT", "SELECT", "TEXTAREA"].includes(target.tagName));
}

addEventListener("keydown", (event) => {
  if (isWriting(event.target) || event.ctrlKey || event.metaKey || event.altKey) return;
  if (waiting) {
    waiting = false;
    const link = document.querySelector(`nav a[data-key="${CSS.escape(event.key)}"]`);
    if (link instanceof HTMLAnchorElement) link.click();
    return;
  }
  if (event.key === "g") {
    waiting = true;
    setTimeout(() => { waiting = false; }, 1500);
  } else if (event.key === "/") {
    const search = document.querySelector("[role=search] input, #search");
    if (search instanceof HTMLElement) {
      event.preventDefault();
      search.focus();
    }
  }
});
