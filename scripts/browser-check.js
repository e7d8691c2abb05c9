// Added by tests/report_browser.rs to a copy of a page: moves the mouse as a reader would and writes down what it saw.
(function () {
  "use strict";
  const found = [];
  const note = (what, good) => found.push((good ? "ok " : "BAD ") + what);

  function mouse(target, type, xShare, yShare) {
    const box = target.getBoundingClientRect();
    target.dispatchEvent(new PointerEvent(type, {
      bubbles: true, button: 0, pointerId: 1,
      clientX: box.left + xShare * box.width, clientY: box.top + yShare * box.height
    }));
  }

  const tickTexts = (panel) => Array.from(panel.querySelectorAll(".xaxis text"), (t) => t.textContent).join(" ");
  const shapes = (panel) => Array.from(panel.querySelectorAll("path.series"), (p) => p.getAttribute("d"));
  const readout = (panel) => panel.querySelector(".readout").textContent;

  function checkSize(panel) {
    const box = panel.querySelector("svg.chart").getBoundingClientRect();
    note("size " + panel.id, box.width > 100 && box.height > 100);
  }

  // The script's drawing of the whole range must be the page's own, point by point, to a tenth of a pixel.
  function sameShapes(first, second) {
    const numbers = (d) => (d.match(/-?\d+(\.\d+)?/g) || []).map(Number);
    return first.every(function (d, i) {
      const a = numbers(d), b = numbers(second[i]);
      return a.length === b.length && a.every((x, k) => Math.abs(x - b[k]) < 0.16);
    });
  }

  function checkPlot(panel) {
    const svg = panel.querySelector("svg.chart"), ticks = tickTexts(panel), drawn = shapes(panel), hint = readout(panel);
    mouse(svg, "pointermove", 0.5, 0.5);
    note("hover " + panel.id + " | " + readout(panel), readout(panel) !== hint && /\d/.test(readout(panel)));
    mouse(svg, "pointerdown", 0.4, 0.5);
    mouse(svg, "pointermove", 0.7, 0.5);
    mouse(svg, "pointerup", 0.7, 0.5);
    note("zoom " + panel.id + " | " + panel.dataset.zoom, panel.dataset.zoom !== "" && !!panel.dataset.zoom);
    note("zoomed ticks " + panel.id + " | " + tickTexts(panel), tickTexts(panel) !== ticks);
    note("zoomed curves " + panel.id, shapes(panel).join("") !== drawn.join(""));
    mouse(svg, "dblclick", 0.5, 0.5);
    note("reset " + panel.id, panel.dataset.zoom === "" && tickTexts(panel) === ticks);
    note("redrawn " + panel.id, sameShapes(drawn, shapes(panel)));
    mouse(svg, "pointerleave", 0.5, 0.5);
    ["ArrowRight", "ArrowRight"].forEach((key) => svg.dispatchEvent(new KeyboardEvent("keydown", { key: key })));
    note("keys " + panel.id + " | " + readout(panel), readout(panel) !== hint && /\d/.test(readout(panel)));
    mouse(svg, "pointerleave", 0.5, 0.5);
    note("left " + panel.id, readout(panel).includes(hint.trim()));
  }

  function checkLegend(panel) {
    const button = panel.querySelector(".legend button");
    if (!button) { return; }
    const path = panel.querySelectorAll("path.series")[Number(button.dataset.series)];
    button.click();
    note("hide " + panel.id, getComputedStyle(path).display === "none" && button.getAttribute("aria-pressed") === "false");
    button.click();
    note("show " + panel.id, getComputedStyle(path).display !== "none");
  }

  function checkHeat(panel) {
    const svg = panel.querySelector("svg.chart");
    mouse(svg, "pointermove", 0.3, 0.9);
    note("hover " + panel.id + " | " + readout(panel), / and .*\d/.test(readout(panel)));
  }

  function checkLinks() {
    const [first, second] = document.querySelectorAll(".plot:not(.heat)[id*=partials], .plot[id^=fit]");
    if (!second) { return; }
    const svg = first.querySelector("svg.chart");
    mouse(svg, "pointerdown", 0.3, 0.5);
    mouse(svg, "pointerup", 0.6, 0.5);
    note("linked zoom", !!second.dataset.zoom && second.dataset.zoom === first.dataset.zoom);
    mouse(svg, "dblclick", 0.5, 0.5);
  }

  document.querySelectorAll(".plot").forEach(function (panel) {
    checkSize(panel);
    checkLegend(panel);
    if (panel.classList.contains("heat")) { checkHeat(panel); } else { checkPlot(panel); }
  });
  checkLinks();
  document.querySelectorAll("section, footer, header").forEach(function (part) {
    const box = part.getBoundingClientRect();
    note("part " + (part.id || part.tagName), box.width > 100 && box.height > 20);
  });
  note("no sideways scrolling", document.documentElement.scrollWidth <= window.innerWidth);
  note("nothing loaded", performance.getEntriesByType("resource").filter((e) => !e.name.startsWith("data:")).length === 0);
  const report = document.createElement("pre");
  report.id = "browser-check";
  report.textContent = "\n" + found.join("\n") + "\nend\n";
  document.body.append(report);
}());
