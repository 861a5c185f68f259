(function () {
  const section = document.currentScript.closest(".you");
  const data = JSON.parse(section.querySelector('script[type="application/json"]').textContent);
  const view = section.querySelector(".view");
  section.hidden = false;
  let path = [];
  const make = (name, text, parent) => {
    const element = document.createElement(name);
    if (text !== undefined) element.textContent = text;
    if (parent) parent.appendChild(element);
    return element;
  };
  function draw(focus) {
    view.replaceChildren();
    const node = data.tree[path.join(",")];
    const rows = [];
    for (let depth = 0; depth <= path.length; depth++)
      rows.push(...data.tree[path.slice(0, depth).join(",")].rows);
    const threads = [...new Set(rows.map((r) => r[0]).concat(node.choose || []))].sort();
    const scroll = make("div", undefined, view);
    scroll.className = "scroll";
    const table = make("table", undefined, scroll);
    const head = make("tr", undefined, table);
    threads.forEach((t) => (make("th", data.threads[t], head).scope = "col"));
    rows.slice(-14).forEach((row) => {
      const line = make("tr", undefined, table);
      threads.forEach((t) => {
        const cell = make("td", undefined, line);
        if (t === row[0]) {
          make("code", row[1], cell);
          cell.append(" " + row[2]);
        }
      });
    });
    if (node.shared && Object.keys(node.shared).length)
      make("p", "Now: " + Object.entries(node.shared).map(([n, v]) => n + " = " + v).join(", "), view);
    if (node.result !== undefined) {
      const end = make("p", (node.result.split("\n").pop() || "(nothing is printed)"), view);
      const other = node.kind !== "ok" || node.result !== data.usual;
      end.className = other ? "end other" : "end";
      end.append(other ? " — not what it gives without interruption. You broke it." : " — as without interruption.");
    }
    const buttons = make("div", undefined, view);
    let first;
    const button = (text, action) => {
      const element = make("button", text, buttons);
      element.type = "button";
      element.addEventListener("click", action);
      first = first || element;
    };
    (node.choose || []).forEach((t) =>
      button(data.threads[t] + " runs", () => { path.push(t); draw(true); }));
    if (path.length) {
      button("One step back", () => { path.pop(); draw(true); });
      button("From the start", () => { path = []; draw(true); });
    }
    if (focus && first) first.focus();
    scroll.scrollTop = scroll.scrollHeight;
  }
  draw(false);
})();
