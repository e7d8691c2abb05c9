// The pictures answer to the mouse: values under the cursor, zoom along x by dragging, back by a double click.
// Every figure carries its numbers as JSON and is drawn again from them. Without this script the pictures stand still.
(function () {
  "use strict";
  const SVG = "http://www.w3.org/2000/svg";
  const links = new Map();

  document.querySelectorAll(".plot").forEach(function (panel) {
    const spec = JSON.parse(panel.querySelector("script").textContent);
    const readout = addReadout(panel, spec.heat ? "Point at a square for its value." :
      "Point for values; drag to zoom; double-click for the whole range.");
    quietTitle(panel);
    if (spec.heat) { heatMap(panel, spec.heat, readout); } else { plot(panel, spec, readout); }
  });

  function addReadout(panel, hint) {
    const readout = document.createElement("p");
    readout.className = "readout";
    readout.textContent = hint;
    panel.querySelector(".chart").after(readout);
    readout.hint = hint;
    return readout;
  }

  // Browsers show an SVG's title as a tooltip over the very values that the reader looks for.
  function quietTitle(panel) {
    const svg = panel.querySelector(".chart"), title = svg.querySelector("title");
    svg.removeAttribute("aria-labelledby");
    panel.removeAttribute("aria-labelledby");
    svg.setAttribute("aria-label", title.textContent + ". " + svg.querySelector("desc").textContent);
    panel.setAttribute("aria-label", title.textContent);
    title.remove();
  }

  function plot(panel, spec, readout) {
    const svg = panel.querySelector(".chart"), frame = spec.frame;
    const paths = Array.from(svg.querySelectorAll("path.series"));
    const hidden = new Set();
    const cursor = addCursor(svg, frame, paths.length);
    const reset = addReset(readout);
    let range = spec.x.range, start = null, last = null;
    panel.classList.add("live");
    svg.classList.add("live");
    svg.setAttribute("tabindex", "0");

    const same = (x) => x;
    const along = spec.x.kind === "log" ? Math.log : same, back = spec.x.kind === "log" ? Math.exp : same;
    const share = (x) => (along(x) - along(range[0])) / (along(range[1]) - along(range[0]));
    const xPixel = (x) => frame.left + share(x) * (frame.right - frame.left);
    const xValue = (pixel) => back(along(range[0]) +
      (pixel - frame.left) / (frame.right - frame.left) * (along(range[1]) - along(range[0])));
    const scale = spec.y.kind === "log" ? Math.log : same;
    const [low, high] = spec.y.range.map(scale);
    const yPixel = (y) => frame.bottom - (scale(y) - low) / (high - low) * (frame.bottom - frame.top);

    function draw() {
      spec.series.forEach((s, i) => paths[i].setAttribute("d", shape(s)));
      svg.querySelectorAll(".mark").forEach((mark) =>
        mark.setAttribute("transform", "translate(" + xPixel(Number(mark.dataset.x)).toFixed(1) + " 0)"));
      drawTicks();
    }

    function shape(s) {
      const xs = spec.grids[s.grid];
      if (s.shape === "bars") { return bars(s, xs); }
      if (s.shape === "outline") { return outline(s, xs); }
      if (s.shape === "whiskers") { return whiskers(s, xs); }
      if (s.shape === "band") { return band(s, xs); }
      let d = "", pen = "M";
      for (let i = 0; i < s.y.length; i++) {
        if (xs[i] === null || s.y[i] === null) { pen = "M"; continue; }
        const x = xPixel(xs[i]), y = yPixel(s.y[i] + s.offset);
        // A logarithm knows nothing below zero.
        if (!isFinite(x) || !isFinite(y)) { pen = "M"; continue; }
        if (s.shape === "points") { d += circle(x, y, s.radius); } else { d += pen + x.toFixed(1) + " " + y.toFixed(1); }
        pen = "L";
      }
      return d;
    }

    function circle(x, y, r) {
      if (x < frame.left - 9 || x > frame.right + 9) { return ""; }
      const arc = "a" + r + " " + r + " 0 1 0";
      return "M" + (x - r).toFixed(1) + " " + y.toFixed(1) + arc + " " + 2 * r + " 0" + arc + " " + -2 * r + " 0";
    }

    function bars(s, xs) {
      return s.y.map(function (count, i) {
        const left = (xPixel(xs[i]) + 1).toFixed(1), right = (xPixel(s.to[i]) - 1).toFixed(1);
        const foot = yPixel(s.base[i]).toFixed(1), head = yPixel(s.base[i] + count).toFixed(1);
        return count > 0 ? "M" + left + " " + foot + "V" + head + "H" + right + "V" + foot + "Z" : "";
      }).join("");
    }

    function outline(s, xs) {
      const corners = [];
      s.y.forEach((count, i) => corners.push([xs[i], count], [s.to[i], count]));
      if (corners.length) { corners.unshift([xs[0], 0]); corners.push([corners[corners.length - 1][0], 0]); }
      return corners.map((at, i) => (i ? "L" : "M") + xPixel(at[0]).toFixed(1) + " " + yPixel(at[1]).toFixed(1)).join("");
    }

    function whiskers(s, xs) {
      return s.y.map(function (high, i) {
        const x = xPixel((xs[i] + s.to[i]) / 2), foot = yPixel(s.base[i]).toFixed(1), head = yPixel(high).toFixed(1);
        const cap = (y) => "M" + (x - s.radius).toFixed(1) + " " + y + "H" + (x + s.radius).toFixed(1);
        return high > 0 ? "M" + x.toFixed(1) + " " + foot + "V" + head + cap(foot) + cap(head) : "";
      }).join("");
    }

    function band(s, xs) {
      const at = (ys) => ys.map((y, i) => xPixel(xs[i]).toFixed(1) + " " + yPixel(y).toFixed(1));
      const corners = at(s.y).concat(at(s.base).reverse());
      return corners.length ? "M" + corners.join("L") + "Z" : "";
    }

    function drawTicks() {
      const axis = svg.querySelector(".xaxis");
      axis.replaceChildren();
      const powers = spec.x.kind === "log" ? decades(range) : [];
      const all = powers.length > 1 ? powers : ticks(range, frame.ticks, spec.x.kind === "count");
      all.forEach(function (tick) {
        const group = add(axis, "g", { transform: "translate(" + xPixel(tick.at).toFixed(1) + " " + frame.bottom + ")" });
        add(group, "path", { d: "M0 0V5" });
        add(group, "text", { y: 19, "text-anchor": "middle" }).textContent = tick.text;
      });
    }

    // Without a range: back to the figure's own.
    function zoom(to) {
      range = to || spec.x.range;
      const whole = range === spec.x.range;
      panel.dataset.zoom = whole ? "" : range.map((x) => x.toFixed(4)).join(" ");
      reset.hidden = whole;
      hideCursor();
      draw();
    }

    function zoomAll(to) { (links.get(spec.link) || [zoom]).forEach((one) => one(to)); }

    if (spec.link) { links.set(spec.link, (links.get(spec.link) || []).concat(zoom)); }

    function point(event) {
      const box = svg.getBoundingClientRect();
      const pixel = (event.clientX - box.left) * frame.width / box.width;
      return Math.min(frame.right, Math.max(frame.left, pixel));
    }

    function showAt(x) {
      const words = [], grid = spec.series[0].shape === "bars" ? null : nearest(spec.grids[0], x, range);
      last = grid === null ? x : spec.grids[0][grid];
      const seen = binWords(words, x);
      if (grid !== null) { words.push(value(spec.x, last)); }
      spec.series.forEach(function (s, i) {
        const circle = cursor.circles[i];
        circle.setAttribute("visibility", "hidden");
        if (hidden.has(i) || s.name === "") { return; }
        if (isBinned(s)) { return; }
        const at = s.grid === 0 && grid !== null ? grid : nearest(spec.grids[s.grid], last, range);
        if (at === null || s.y[at] === null) { return; }
        if (s.shape === "band") { words.push([s.name, between(s, at) + (spec.y.unit ? " " + spec.y.unit : "")]); return; }
        words.push([s.name, number(s.y[at]) + (spec.y.unit ? " " + spec.y.unit : "")]);
        circle.setAttribute("visibility", "visible");
        circle.setAttribute("cx", xPixel(spec.grids[s.grid][at]).toFixed(1));
        circle.setAttribute("cy", yPixel(s.y[at] + s.offset).toFixed(1));
      });
      cursor.line.setAttribute("d", "M" + xPixel(last).toFixed(1) + " " + frame.top + "V" + frame.bottom);
      cursor.group.removeAttribute("visibility");
      if (seen || grid !== null) { say(readout, words); } else { say(readout, [value(spec.x, x)]); }
    }

    // A bar is named by its edges, not by a point.
    function binWords(words, x) {
      let seen = false;
      spec.series.forEach(function (s, i) {
        if (!isBinned(s) || hidden.has(i)) { return; }
        const from = spec.grids[s.grid], at = from.findIndex((f, k) => x >= f && x < s.to[k]);
        if (at < 0) { return; }
        if (!seen) { words.push([spec.x.name, number(from[at]) + " to " + number(s.to[at]) + " " + spec.x.unit]); }
        seen = true;
        words.push([s.name, s.shape === "whiskers" ? between(s, at) : number(s.y[at])]);
      });
      return seen;
    }

    function isBinned(s) { return ["bars", "outline", "whiskers"].includes(s.shape); }

    function between(s, at) { return number(s.base[at]) + " to " + number(s.y[at]); }

    function hideCursor() {
      last = null;
      cursor.group.setAttribute("visibility", "hidden");
      cursor.selection.setAttribute("width", 0);
      say(readout, [[readout.hint]]);
    }

    function select(from, to) {
      cursor.selection.setAttribute("x", Math.min(from, to));
      cursor.selection.setAttribute("width", Math.abs(to - from));
    }

    svg.addEventListener("pointerdown", function (event) {
      if (event.button !== 0) { return; }
      start = point(event);
      if (event.isTrusted) { svg.setPointerCapture(event.pointerId); }
    });
    svg.addEventListener("pointermove", function (event) {
      const at = point(event);
      showAt(xValue(at));
      if (start !== null) { select(start, at); }
    });
    svg.addEventListener("pointerup", function (event) {
      const from = start, to = point(event);
      start = null;
      select(0, 0);
      if (from === null || Math.abs(to - from) < 6) { return; }
      zoomAll([Math.min(from, to), Math.max(from, to)].map(xValue));
    });
    svg.addEventListener("pointercancel", function () { start = null; select(0, 0); });
    svg.addEventListener("pointerleave", hideCursor);
    svg.addEventListener("dblclick", () => zoomAll(null));
    reset.addEventListener("click", () => zoomAll(null));
    svg.addEventListener("keydown", function (event) {
      if (event.key === "Escape") { zoomAll(null); return; }
      const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
      if (!step) { return; }
      event.preventDefault();
      const grid = spec.grids[0], at = last === null ? nearest(grid, range[0], range) : nearest(grid, last, range) + step;
      if (grid[at] >= range[0] && grid[at] <= range[1]) { showAt(grid[at]); }
    });
    panel.querySelectorAll(".legend button").forEach(function (button) {
      button.addEventListener("click", function () {
        const i = Number(button.dataset.series), off = !hidden.has(i);
        if (off) { hidden.add(i); } else { hidden.delete(i); }
        button.setAttribute("aria-pressed", String(!off));
        paths[i].toggleAttribute("hidden", off);
      });
    });
  }

  function addReset(readout) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "reset";
    button.textContent = "Whole range";
    button.hidden = true;
    readout.append(button);
    return button;
  }

  function addCursor(svg, frame, count) {
    const group = add(svg, "g", { "class": "cursor", visibility: "hidden", "pointer-events": "none" });
    const selection = add(svg, "rect", { "class": "selection", y: frame.top, height: frame.bottom - frame.top, width: 0 });
    const line = add(group, "path", {});
    const circles = Array.from({ length: count }, () => add(group, "circle", { r: 3.5, visibility: "hidden" }));
    return { group, selection, line, circles };
  }

  function heatMap(panel, heat, readout) {
    const svg = panel.querySelector(".chart"), here = svg.querySelector(".here");
    const side = heat.size / heat.names.length;
    svg.addEventListener("pointermove", function (event) {
      const box = svg.getBoundingClientRect(), unit = svg.viewBox.baseVal.width / box.width;
      const column = Math.floor(((event.clientX - box.left) * unit - heat.left) / side);
      const row = Math.floor(((event.clientY - box.top) * unit - 8) / side);
      const value = heat.values[row] && heat.values[row][column];
      here.setAttribute("width", value === undefined ? 0 : side);
      here.setAttribute("height", value === undefined ? 0 : side);
      if (value === undefined) { return; }
      here.setAttribute("x", column * side);
      here.setAttribute("y", row * side);
      say(readout, [[heat.names[row] + " and " + heat.names[column], number(value / 1000)]]);
    });
  }

  // The words before the readout's button.
  function say(readout, pairs) {
    const button = readout.querySelector("button");
    readout.replaceChildren();
    pairs.forEach(function (pair, i) {
      readout.append((i ? " · " : "") + pair[0]);
      if (pair.length < 2) { return; }
      readout.append(" ");
      const strong = document.createElement("b");
      strong.textContent = pair[1];
      readout.append(strong);
    });
    if (button) { readout.append(button); }
  }

  function value(axis, x) { return [axis.name, number(x) + (axis.unit ? " " + axis.unit : "")]; }

  function number(x) {
    if (x === null || !isFinite(x)) { return "–"; }
    const size = Math.abs(x);
    const text = size !== 0 && (size < 1e-3 || size >= 1e6) ? x.toExponential(2) : String(Number(x.toPrecision(4)));
    return text.replace(/-/g, "\u2212");
  }

  // The index of the abscissa nearest to x among those in view.
  function nearest(grid, x, range) {
    let best = null;
    for (let i = 0; i < grid.length; i++) {
      if (grid[i] === null || grid[i] < range[0] || grid[i] > range[1]) { continue; }
      if (best === null || Math.abs(grid[i] - x) < Math.abs(grid[best] - x)) { best = i; }
    }
    return best;
  }

  function ticks(range, wanted, whole) {
    const rough = (range[1] - range[0]) / Math.max(wanted, 1), power = Math.pow(10, Math.floor(Math.log10(rough)));
    let step = [1, 2, 5, 10].map((f) => f * power).find((s) => s >= rough * (1 - 1e-9));
    if (whole) { step = Math.max(step, 1); }
    const places = Math.max(0, -Math.floor(Math.log10(step) + 1e-9)), all = [];
    for (let k = Math.ceil(range[0] / step - 1e-9); k * step <= range[1] + 1e-9 * step; k++) {
      all.push({ at: k * step, text: (k * step).toFixed(places).replace("-", "\u2212") });
    }
    return all;
  }

  // Ticks of a logarithmic axis, as the program sets them: powers of ten, with 2 and 5 between where the range is short.
  function decades(range) {
    const first = Math.floor(Math.log10(range[0])), last = Math.ceil(Math.log10(range[1]));
    const span = Math.log10(range[1] / range[0]), stride = Math.max(1, Math.ceil(span / 6)), all = [];
    const plain = first >= -3 && first < 5 && last < 5;
    for (let power = first; power <= last; power += stride) {
      for (const factor of span < 2.5 ? [1, 2, 5] : [1]) {
        const at = factor * Math.pow(10, power);
        if (at < range[0] * (1 - 1e-9) || at > range[1] * (1 + 1e-9)) { continue; }
        const raised = String(power).replace("-", "⁻").replace(/\d/g, (digit) => "⁰¹²³⁴⁵⁶⁷⁸⁹"[digit]);
        const ten = (factor > 1 ? factor + "·" : "") + "10" + raised;
        all.push({ at: at, text: plain ? at.toFixed(Math.max(0, -power)) : ten });
      }
    }
    return all;
  }

  function add(parent, name, attributes) {
    const element = document.createElementNS(SVG, name);
    Object.keys(attributes).forEach((key) => element.setAttribute(key, attributes[key]));
    return parent.appendChild(element);
  }
}());
