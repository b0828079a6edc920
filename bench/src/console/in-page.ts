/**
 * What is done and timed inside the page, where no message to another process is timed with it. Text, because the page
 * has a document and this program has none. Each answers in milliseconds, and fails after ten seconds.
 */

/** Clicks, then looks at every frame. */
const until = (
  start: string,
  isThere: string,
): string => `(name) => new Promise((resolve, reject) => {
  const begun = performance.now();
  ${start}
  const look = () => {
    const ms = performance.now() - begun;
    if (${isThere}) resolve(ms);
    else if (ms > 10_000) reject(new Error('it does not come: ' + name));
    else requestAnimationFrame(look);
  };
  look();
})`;

/** From the click on a link of the sidebar to the heading of its page. */
export const CHANGE_ROUTE = until(
  `[...document.querySelectorAll('nav[aria-label="Pages"] a')].find((each) => each.textContent.trim().startsWith(name)).click();`,
  `document.querySelector('h1')?.textContent.trim().startsWith(name)`,
);

/** From the end of what is loaded to more of it, in a list that loads while it is scrolled. */
export const SCROLL_ON = until(
  `const list = document.querySelector('main [aria-rowcount]');
  const scroller = list.tagName === 'TABLE' ? list.parentElement : list;
  const before = Number(list.getAttribute('aria-rowcount'));
  scroller.scrollTop = scroller.scrollHeight;`,
  `Number(list.getAttribute('aria-rowcount')) > before`,
);
