// Measures pages in frames of some widths, and writes what it finds into the document as JSON.
const luminance = (colour) => {
  const linear = colour.slice(0, 3).map((each) => {
    const part = each / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2];
};
const contrast = (one, other) => {
  const [dark, light] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (light + 0.05) / (dark + 0.05);
};
const colour = (text) => text.match(/[\d.]+/g).map(Number);
const ground = (element, view) => {
  for (let each = element; each; each = each.parentElement) {
    const found = colour(view.getComputedStyle(each).backgroundColor);
    if (found.length === 3 || found[3] > 0) return found;
  }
  return [255, 255, 255];
};
const faint = (frame) => {
  const view = frame.contentWindow;
  const found = [];
  for (const element of frame.contentDocument.body.querySelectorAll("*")) {
    const own = [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
    if (!own || element.closest("svg")) continue;
    const ratio = contrast(colour(view.getComputedStyle(element).color), ground(element, view));
    if (ratio < 4.5) found.push(`${element.tagName} ${element.textContent.trim()}: ${ratio}`);
  }
  return found;
};
const measured = (frame) => {
  const { documentElement: root, body } = frame.contentDocument;
  const wide = [...body.querySelectorAll("*")].filter(
    (each) => each.scrollWidth > each.clientWidth + 1 && each.clientWidth > 0
      && frame.contentWindow.getComputedStyle(each).overflowX === "auto");
  return {
    width: frame.clientWidth,
    overflow: root.scrollWidth - frame.clientWidth,
    scrolling: wide.length,
    unreachable: wide.filter((each) => each.tabIndex !== 0).length,
    background: frame.contentWindow.getComputedStyle(body).backgroundColor,
    picture: frame.contentDocument.querySelector("svg").getBoundingClientRect().width,
    faint: faint(frame),
  };
};
addEventListener("load", () => {
  const found = [...document.querySelectorAll("iframe")].map(measured);
  document.querySelector("pre").textContent = JSON.stringify(found);
});
