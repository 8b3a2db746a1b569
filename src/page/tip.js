/** The details of what the pointer or the keyboard is on: a title and lines of facts. */

/** @typedef {{title: string, lines: string[]}} TipContent */

const DISTANCE = 12;

/**
 * @param {HTMLElement} box
 */
export function createTip(box) {
  return {
    /** @param {TipContent} content */
    show({ title, lines }) {
      const heading = document.createElement("b");
      heading.textContent = title;
      const rows = lines.map((line) => {
        const row = document.createElement("div");
        row.textContent = line;
        return row;
      });
      box.replaceChildren(heading, ...rows);
      box.hidden = false;
    },
    /**
     * Beside the point, inside the window.
     * @param {number} x
     * @param {number} y
     */
    moveTo(x, y) {
      const { offsetWidth, offsetHeight } = box;
      const fitsRight = x + DISTANCE + offsetWidth < window.innerWidth;
      const fitsBelow = y + DISTANCE + offsetHeight < window.innerHeight;
      const left = fitsRight ? x + DISTANCE : x - DISTANCE - offsetWidth;
      const top = fitsBelow ? y + DISTANCE : y - DISTANCE - offsetHeight;
      box.style.left = `${Math.max(4, left)}px`;
      box.style.top = `${Math.max(4, top)}px`;
    },
    hide() {
      box.hidden = true;
    },
  };
}
